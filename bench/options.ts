import { parseArgs } from "node:util";
import { BASELINE, CANDIDATES } from "./candidates.ts";
import { GUARD } from "./guard.ts";

/** What a run measures. */
export interface Options {
  /** Names of candidates; always includes the baseline. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Measured time of each run of the load. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Numbers of concurrent connections to compare throughput at; empty: none. */
  readonly connections: readonly number[];
  /** Requests per second at which added latency is measured; 0: not measured. */
  readonly rate: number;
  /** The check of `.ci/run`: fails if the gateway costs more than the last release. */
  readonly guard: boolean;
  /** Folder to write the report and the chart to; undefined: none. */
  readonly out: string | undefined;
}

/**
 * JIT compilation uses the same core and takes longer for more code: after 2 s of full load the
 * complete gateway needs 1.5 times the CPU time per request of that after 6 s, and later no less.
 */
const WARMUP_S = 8;

export const USAGE = `deno task bench [options]

  --only a,b          candidates: ${Object.keys(CANDIDATES).join(", ")}
  --rounds 3          interleaved rounds; results are their medians
  --seconds 5         measured time of each run
  --warmup ${WARMUP_S}          seconds of load before it
  --connections 32,128
                      concurrent connections; 0: skip the comparison of throughput
  --rate 1000         requests per second for added latency; 0: skip it
  --guard             compares CPU time with the checkout of BENCH_BEFORE; exit code 1 if a request
                      costs over 10 % more
  --out bench         folder to write RESULTS.md and results.svg to

BENCH_BEFORE=<folder> adds another checkout of the gateway as the candidate gateway-before.
`;

const GUARDED = {
  only: Object.values(GUARD).join(","),
  rounds: "5",
  seconds: "3",
  connections: "32",
};
const THOROUGH = {
  only: Object.keys(CANDIDATES).join(","),
  rounds: "3",
  seconds: "5",
  connections: "32,128",
};

/**
 * Parses the command line.
 *
 * @throws {TypeError} for unknown options, candidates or invalid numbers
 */
export function parseOptions(args: readonly string[]): Options {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      rounds: text,
      seconds: text,
      warmup: { ...text, default: String(WARMUP_S) },
      connections: text,
      rate: text,
      guard: { type: "boolean", default: false },
      out: text,
    },
  });
  const given = { ...(values.guard ? GUARDED : THOROUGH), ...values };
  const only = given.only.split(",");
  const unknown = only.filter((name) => !(name in CANDIDATES));
  if (unknown.length > 0) throw new TypeError(`No such candidate: ${unknown.join(", ")}`);
  return {
    only: values.guard ? only : [...new Set([BASELINE, ...only])],
    rounds: number("--rounds", given.rounds),
    seconds: number("--seconds", given.seconds),
    warmupSeconds: number("--warmup", given.warmup),
    connections: given.connections.split(",").map((n) => number("--connections", n)).filter(
      Boolean,
    ),
    rate: number("--rate", given.rate ?? (values.guard ? "0" : "1000")),
    guard: values.guard,
    out: values.out,
  };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new TypeError(`${name} expects a number, not ${text}`);
  return value;
}
