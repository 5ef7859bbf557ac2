import { BASELINE, CANDIDATES } from "./candidates.ts";
import type { Throughput } from "./measure.ts";
import { run } from "./process.ts";
import { ratio, type Sample } from "./report.ts";

/** Draws a Vega-Lite specification as SVG; needs Node and the packages in `bench/node`. */
export async function draw(specification: unknown): Promise<string> {
  return await run({ program: "node", args: [`${import.meta.dirname}/node/chart.cjs`] }, {
    timeoutMs: 60_000,
    stdin: JSON.stringify(specification),
  });
}

/** Kinds of candidates, and their colors. */
const KINDS = {
  "the gateway": "#1f77b4",
  "proxies that do the same work": "#e6873c",
  "plain proxies": "#b8c4ce",
} as const;

function kindOf(name: string): keyof typeof KINDS {
  if (name.startsWith("gateway")) return "the gateway";
  return name.endsWith("-complete") ? "proxies that do the same work" : "plain proxies";
}

/**
 * A Vega-Lite bar chart of the requests that each candidate handles with the CPU time that the
 * baseline needs for one, with the range.
 */
export function ratioChart(samples: readonly Sample<Throughput>[]): unknown {
  const names = Object.keys(CANDIDATES).filter((name) => name !== "direct");
  const loads = [...new Set(samples.map(({ load }) => load))];
  const values = loads.flatMap((load) =>
    names.flatMap((name) => {
      const value = ratio(samples, { name, load, by: "efficiency" });
      const title = CANDIDATES[name]?.title;
      return value ? [{ ...value, title, kind: kindOf(name), load: `${load} connections` }] : [];
    })
  );
  const y = { field: "title", type: "nominal", sort: null, title: null, axis: { labelLimit: 0 } };
  return {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    background: "white",
    title: `Requests per CPU time, as a multiple of the ${CANDIDATES[BASELINE]?.title}`,
    data: { values },
    facet: {
      column: {
        field: "load",
        type: "nominal",
        title: null,
        sort: loads.map((load) => `${load} connections`),
      },
    },
    spec: {
      width: 340,
      layer: [
        {
          mark: { type: "bar", height: { band: 0.7 } },
          encoding: {
            y,
            x: { field: "median", type: "quantitative", title: null },
            color: {
              field: "kind",
              type: "nominal",
              title: null,
              scale: { domain: Object.keys(KINDS), range: Object.values(KINDS) },
              legend: { orient: "bottom", labelLimit: 0 },
            },
          },
        },
        {
          mark: { type: "rule", color: "#333" },
          encoding: { y, x: { field: "low", type: "quantitative" }, x2: { field: "high" } },
        },
        {
          mark: { type: "rule", color: "#d62728", strokeDash: [4, 3] },
          encoding: { x: { datum: 1 } },
        },
        {
          mark: { type: "text", align: "left", dx: 6 },
          encoding: {
            y,
            x: { field: "high", type: "quantitative" },
            text: { field: "median", format: ".2f" },
          },
        },
      ],
    },
  };
}
