import { parseArgs } from "node:util";
import { COMPLETE, CONTESTANTS, YARDSTICK } from "./contestants.ts";

/** What a run measures, and for how long. */
export interface Options {
  /** Names of contestants; the yardstick is always among them. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Measured time of each run of the load. */
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Concurrent connections, a comparison each; none: no comparison of throughput. */
  readonly connections: readonly number[];
  /** Requests per second at which added latency is measured; 0: it is not. */
  readonly rate: number;
  /** The guard: fails if the complete gateway has become slow. */
  readonly quick: boolean;
  /** Whether the report and the chart are written beside the benchmark. */
  readonly out: string | undefined;
}

/**
 * The more code there is, the longer its compilation goes on, on the same core: after 2 s of full
 * load the complete gateway needs half as much again per request as after 6 s, and no less later.
 */
const WARMUP_S = 8;

export const USAGE = `deno task bench [options]

  --only a,b          contestants: ${Object.keys(CONTESTANTS).join(", ")}
  --rounds 3          interleaved rounds; results are their medians
  --seconds 5         measured time of each run
  --warmup ${WARMUP_S}          seconds of load before it
  --connections 32,128
                      concurrent connections; 0: skip the comparison of throughput
  --rate 1000         requests per second for added latency; 0: skip it
  --quick             naive against gateway only, short; exit code 1 if the gateway has become slow
  --out bench         folder to write RESULTS.md and results.svg to

BENCH_BEFORE=<folder> adds another checkout of the gateway as the contestant gateway-before.
`;

/** A quick run has to tell a gateway that has become slow, not 1.00 from 1.05. */
const QUICK = { only: `${YARDSTICK},${COMPLETE}`, rounds: "3", seconds: "3", connections: "32" };
const THOROUGH = {
  only: Object.keys(CONTESTANTS).join(","),
  rounds: "3",
  seconds: "5",
  connections: "32,128",
};

/**
 * The options that the command line asks for.
 *
 * @throws {TypeError} when it asks for something that does not exist
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
      quick: { type: "boolean", default: false },
      out: text,
    },
  });
  const given = { ...(values.quick ? QUICK : THOROUGH), ...values };
  const only = given.only.split(",");
  const unknown = only.filter((name) => !(name in CONTESTANTS));
  if (unknown.length > 0) throw new TypeError(`No such contestant: ${unknown.join(", ")}`);
  return {
    only: [...new Set([YARDSTICK, ...only])],
    rounds: number("--rounds", given.rounds),
    seconds: number("--seconds", given.seconds),
    warmupSeconds: number("--warmup", given.warmup),
    connections: given.connections.split(",").map((n) => number("--connections", n)).filter(
      Boolean,
    ),
    rate: number("--rate", given.rate ?? (values.quick ? "0" : "1000")),
    quick: values.quick,
    out: values.out,
  };
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0)) throw new TypeError(`${name} expects a number, not ${text}`);
  return value;
}
