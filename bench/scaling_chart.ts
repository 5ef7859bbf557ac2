import { AXES, type Measurement } from "./scaling_axes.ts";
import { median } from "./statistics.ts";

/** The values that are drawn for each axis. */
const PANELS = [
  { field: "requestsPerS", title: "requests/s", color: "#1f77b4" },
  { field: "rssMiB", title: "RSS, MiB", color: "#d62728" },
] as const;

/** A Vega-Lite specification with a chart of throughput and one of memory per axis. */
export function scalingChart(measurements: readonly Measurement[]): unknown {
  const axes = [...new Set(measurements.map(({ axis }) => axis))];
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    columns: PANELS.length * 2,
    spacing: 25,
    concat: axes.flatMap((axis) =>
      PANELS.map(({ field, title, color }) => ({
        width: 170,
        height: 120,
        data: {
          values: measurements.filter((measurement) => measurement.axis === axis)
            .map(({ value, samples }) => ({
              value,
              [field]: median(samples.map((s) => s[field])),
            })),
        },
        mark: { type: "line", point: true, color },
        encoding: {
          x: {
            field: "value",
            type: "quantitative",
            scale: { type: "log" },
            title: AXES[axis]?.label,
            axis: { format: "~s", values: AXES[axis]?.values, grid: false, labelOverlap: true },
          },
          y: { field, type: "quantitative", title, scale: { zero: true } },
        },
      }))
    ),
  };
}
