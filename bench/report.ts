import { CONTESTANTS, YARDSTICK } from "./contestants.ts";
import type { FixedRate, Throughput } from "./measure.ts";
import { number, table } from "./print.ts";
import { median } from "./statistics.ts";

/** A measurement, and which it was. */
export type Sample<Measured> = Measured & {
  readonly name: string;
  readonly round: number;
  /** Concurrent connections, or requests per second. */
  readonly load: number;
};

/** Throughput as a multiple of another contestant's in the same round. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The contestant that the gateway is to beat although it does nothing but proxy. */
const RIVAL = "caddy";

/** More of the contestant's core than this for other programs, and a result is marked. */
const MUCH_DISTURBED = 0.03;

/** Above this the load generator may have been the limit, and a result is marked. */
const LOAD_CORE_FULL = 0.97;

/** What contestants can be compared by; of either, more is better. */
export const SCORES = {
  throughput: ({ requestsPerS }) => requestsPerS,
  /** Requests for each second of processor time: much the same on a busy machine as on a quiet one. */
  efficiency: ({ cpuMicros }) => cpuMicros === 0 ? 0 : 1e6 / cpuMicros,
} as const satisfies Record<string, (sample: Throughput) => number>;

/** Which rounds are compared, of whom, with whom and by what. */
export interface RatioOptions {
  readonly name: string;
  /** Concurrent connections. */
  readonly load: number;
  /** Default: the yardstick. */
  readonly to?: string;
  /** Default: throughput. */
  readonly by?: keyof typeof SCORES;
}

/** How many times as good a contestant is as another; undefined where they never met. */
export function ratio(
  samples: readonly Sample<Throughput>[],
  { name, load, to = YARDSTICK, by = "throughput" }: RatioOptions,
): Ratio | undefined {
  const of = (wanted: string) => samples.filter((s) => s.name === wanted && s.load === load);
  const base = new Map(of(to).map((sample) => [sample.round, SCORES[by](sample)]));
  const ratios = of(name).flatMap((sample) => {
    const [own, other] = [SCORES[by](sample), base.get(sample.round)];
    return own && other ? [own / other] : [];
  });
  if (ratios.length === 0) return undefined;
  return { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

type Column = readonly [title: string, cell: (group: Sample<Throughput>[]) => string];

/** The table of throughput at one number of connections. */
export function throughputTable(samples: readonly Sample<Throughput>[], load: number): string {
  const columns: Column[] = [
    ["", ([first]) => title(first) + marks(samples, first)],
    ["requests/s", (group) => middle(group, "requestsPerS", 0)],
    [`× ${YARDSTICK}`, ([first]) => ratioCell(samples, first)],
    [`× ${RIVAL}`, ([first]) => ratioCell(samples, first, { to: RIVAL })],
    [`× ${YARDSTICK} by CPU`, ([first]) => ratioCell(samples, first, { by: "efficiency" })],
    ["CPU µs", (group) => middle(group, "cpuMicros", 0)],
    ["p50 ms", (group) => middle(group, "p50Ms", 2)],
    ["p99 ms", (group) => middle(group, "p99Ms", 2)],
    ["p99.9 ms", (group) => middle(group, "p999Ms", 2)],
    ["RSS MiB", (group) => `${middle(group, "warmRssMiB", 0)} → ${middle(group, "rssMiB", 0)}`],
    ["start ms", (group) => middle(group, "startMs", 0)],
    ["spans", (group) => percent(group.map(({ exported }) => exported))],
    ["failed", (group) => failures(group)],
  ];
  const groups = grouped(samples.filter((sample) => sample.load === load));
  const filled = columns.filter(([, cell]) => groups.some((group) => cell(group) !== ""));
  return table(
    filled.map(([title]) => title),
    groups.map((group) => filled.map(([, cell]) => cell(group))),
  );
}

/** The table of latencies at a fixed rate, and what each adds to a direct call. */
export function fixedRateTable(samples: readonly Sample<FixedRate>[]): string {
  const direct = new Map(
    samples.filter(({ name }) => name === "direct").map((sample) => [sample.round, sample]),
  );
  const added = (group: readonly Sample<FixedRate>[], key: "p50Ms" | "p99Ms") =>
    number(median(group.map((sample) => sample[key] - (direct.get(sample.round)?.[key] ?? 0))), 2);
  const head = [
    ...["", "p50 ms", "p99 ms", "p99.9 ms", "added p50", "added p99"],
    ...["generator late p99", "failed"],
  ];
  return table(
    head,
    grouped(samples).map((group) => [
      title(group[0]),
      middle(group, "p50Ms", 2),
      middle(group, "p99Ms", 2),
      middle(group, "p999Ms", 2),
      added(group, "p50Ms"),
      added(group, "p99Ms"),
      number(median(group.map(({ lateP99Ms }) => lateP99Ms ?? 0)), 2),
      failures(group),
    ]),
  );
}

/** What a reader has to know to read the tables. */
export const LEGEND = `
Each value is the median of the rounds. \`× ${YARDSTICK}\` and \`× ${RIVAL}\` are medians of the ratios
within each round, with the lowest and the highest. CPU µs is the processor time of the
contestant's processes for each request; \`× ${YARDSTICK} by CPU\` compares that, and is the ratio to
go by when a machine is not quiet. Latencies under full load say how long the queue of
connections is; those at a fixed rate count from when a request was due. RSS is after the warm-up and at the end, start
from the process to its first answer, spans the share of spans that reached the collector, failed
the number of requests without the expected answer, socket errors included.

¹ the core of the load generator and the upstream was full: the contestant may be faster.
² other programs took more than ${
  MUCH_DISTURBED * 100
} % of the contestant's core: repeat on a quiet machine.
`.trim();

function marks(samples: readonly Sample<Throughput>[], first?: Sample<Throughput>): string {
  const group = samples.filter(({ name, load }) => name === first?.name && load === first.load);
  const isFull = median(group.map(({ loadCore }) => loadCore)) > LOAD_CORE_FULL;
  const isDisturbed = median(group.map(({ disturbed }) => disturbed)) > MUCH_DISTURBED;
  return `${isFull ? " ¹" : ""}${isDisturbed ? " ²" : ""}`;
}

function ratioCell(
  samples: readonly Sample<Throughput>[],
  first: Sample<Throughput> | undefined,
  options: Partial<RatioOptions> = {},
): string {
  const value = first && ratio(samples, { name: first.name, load: first.load, ...options });
  if (!value) return "";
  const { median, low, high } = value;
  return `${number(median, 2)} (${number(low, 2)}–${number(high, 2)})`;
}

/** Samples of one contestant each, in the order of the contestants. */
function grouped<Measured>(samples: readonly Sample<Measured>[]): Sample<Measured>[][] {
  return Object.keys(CONTESTANTS)
    .map((name) => samples.filter((sample) => sample.name === name))
    .filter((group) => group.length > 0);
}

function title(sample: { name: string } | undefined): string {
  return CONTESTANTS[sample?.name ?? ""]?.title ?? "";
}

function middle<Key extends string>(
  group: readonly Readonly<Record<Key, number>>[],
  key: Key,
  digits: number,
): string {
  return number(median(group.map((sample) => sample[key])), digits);
}

function percent(shares: readonly (number | undefined)[]): string {
  const known = shares.filter((share) => share !== undefined);
  return known.length === 0 ? "" : `${number(median(known) * 100, 1)} %`;
}

function failures(group: readonly { failed: number }[]): string {
  return String(group.reduce((total, { failed }) => total + failed, 0));
}
