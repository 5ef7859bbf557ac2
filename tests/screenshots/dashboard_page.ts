/** Draws the panels of ops/grafana/dashboard.json with data of a Prometheus, as one page of HTML. */

import * as echarts from "echarts";
import * as v from "valibot";

const Dashboard = v.object({
  panels: v.array(v.object({
    title: v.string(),
    type: v.picklist(["stat", "timeseries"]),
    gridPos: v.object({ x: v.number(), y: v.number(), w: v.number(), h: v.number() }),
    fieldConfig: v.object({ defaults: v.object({ unit: v.string() }) }),
    targets: v.array(v.object({ legendFormat: v.string(), expr: v.string() })),
  })),
});

const Answer = v.object({
  data: v.object({
    result: v.array(v.object({
      metric: v.record(v.string(), v.string()),
      values: v.array(v.tuple([v.number(), v.string()])),
    })),
  }),
});

type Panel = v.InferOutput<typeof Dashboard>["panels"][number];

/** One line of a panel. */
interface Line {
  readonly name: string;
  /** Time in ms, and value. */
  readonly points: readonly (readonly [number, number])[];
}

/** What is drawn. */
export interface DashboardOptions {
  /** Base URL of the Prometheus. */
  readonly prometheus: string;
  /** Start and end, in s since 1970. */
  readonly from: number;
  readonly to: number;
  /** Text below the title. */
  readonly note: string;
}

/** Size of a cell of Grafana's grid of 24 columns, in pixels. */
const CELL = { width: 60, height: 34 };

/** Time between two points, in s. */
const STEP_S = 1;

/** The page with the first panels of the dashboard, up to the row `rows` of its grid. */
export async function dashboardPage(rows: number, options: DashboardOptions): Promise<string> {
  const file = new URL("../../ops/grafana/dashboard.json", import.meta.url);
  const { panels } = v.parse(Dashboard, JSON.parse(await Deno.readTextFile(file)));
  const shown = panels.filter(({ gridPos }) => gridPos.y < rows);
  const drawn = await Promise.all(shown.map(async (panel) => {
    const lines = await linesOf(panel, options);
    return box(panel, panel.type === "stat" ? stat(panel, lines) : chart(panel, lines));
  }));
  return `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Dashboard</title><style>
body { margin: 0; padding: 16px; width: ${24 * CELL.width}px; background: #f4f5f7; color: #1a1f36;
  font: 14px/1.4 system-ui, sans-serif; }
h1 { margin: 0; font-size: 20px; } p { margin: 2px 0 12px; color: #56607a; }
main { position: relative; height: ${rows * CELL.height}px; }
section { position: absolute; box-sizing: border-box; padding: 6px 10px; border: 1px solid #e1e5ec;
  border-radius: 4px; background: #fff; overflow: hidden; }
h2 { margin: 0; font-size: 13px; } strong { font-size: 34px; font-weight: 600; }
</style><h1>SMS gateway</h1><p>${options.note}</p><main>${drawn.join("")}</main></html>`;
}

async function linesOf({ targets }: Panel, { prometheus, from, to }: DashboardOptions) {
  const lines = await Promise.all(targets.map(async ({ expr, legendFormat }): Promise<Line[]> => {
    const query = expr.replaceAll("$job", "sms-gateway").replaceAll("$route", ".*")
      .replaceAll("$__rate_interval", "5s");
    const range = { query, start: `${from}`, end: `${to}`, step: `${STEP_S}` };
    const response = await fetch(`${prometheus}/api/v1/query_range?${new URLSearchParams(range)}`);
    return v.parse(Answer, await response.json()).data.result.map(({ metric, values }) => ({
      name: legendFormat.replace(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? "")
        .replace("/xms/v1/{service_plan_id}", ""),
      points: values.map(([time, value]) => [time * 1_000, Number(value)]),
    }));
  }));
  return lines.flat();
}

function box({ title, gridPos: { x, y, w, h } }: Panel, content: string): string {
  const place = `left:${x * CELL.width + 3}px;top:${y * CELL.height + 3}px;` +
    `width:${w * CELL.width - 6}px;height:${h * CELL.height - 6}px`;
  return `<section style="${place}"><h2>${title}</h2>${content}</section>`;
}

function stat({ fieldConfig }: Panel, lines: readonly Line[]): string {
  const unit = fieldConfig.defaults.unit;
  const values = lines.map(({ points }) => formatted(points.at(-1)?.[1] ?? 0, unit));
  return `<strong>${unit === "none" ? breakerState(values[0]) : values.join(" / ")}</strong>`;
}

function breakerState(value: string | undefined): string {
  return ["closed", "half open", "open"][Number(value)] ?? "";
}

function chart({ gridPos: { w, h }, fieldConfig }: Panel, lines: readonly Line[]): string {
  const size = { width: w * CELL.width - 28, height: h * CELL.height - 36 };
  const drawing = echarts.init(null, null, { renderer: "svg", ssr: true, ...size });
  drawing.setOption({
    animation: false,
    grid: { left: 52, right: 8, top: 8, bottom: lines.length > 3 ? 80 : 44 },
    legend: {
      bottom: 0,
      left: 0,
      icon: "roundRect",
      itemWidth: 12,
      itemHeight: 4,
      itemGap: 20,
      textStyle: { fontSize: 10 },
    },
    xAxis: { type: "time", axisLabel: { fontSize: 10, hideOverlap: true } },
    yAxis: {
      type: "value",
      axisLabel: {
        fontSize: 10,
        formatter: (value: number) => formatted(value, fieldConfig.defaults.unit),
      },
    },
    series: lines.map(({ name, points }) => ({
      name,
      type: "line",
      showSymbol: false,
      data: points.filter(([, value]) => Number.isFinite(value)),
    })),
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return svg;
}

function formatted(value: number, unit: string): string {
  const rounded = (number: number) => `${Math.round(number * 10) / 10}`;
  if (unit === "percentunit") return `${rounded(value * 100)} %`;
  if (unit === "reqps") return `${rounded(value)}/s`;
  if (unit === "s") return value < 1 ? `${rounded(value * 1_000)} ms` : `${rounded(value)} s`;
  return rounded(value);
}
