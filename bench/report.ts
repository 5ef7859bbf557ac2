import { BASELINE, CANDIDATES } from "./candidates.ts";
import type { FixedRate, Throughput } from "./measure.ts";
import { number, table } from "./print.ts";
import { median } from "./statistics.ts";

/** A measurement with its candidate, round and load. */
export type Sample<Measured> = Measured & {
  readonly name: string;
  readonly round: number;
  /** Concurrent connections, or requests per second. */
  readonly load: number;
};

/** Ratio to another candidate's value in the same round. */
export interface Ratio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** The second candidate to compare with: a widely used proxy that does the same work. */
const REFERENCE = "envoy-complete";

/** Results are marked if other programs used more than this fraction of the candidate's core. */
const MUCH_DISTURBED = 0.03;

/** Results are marked if the load core was busier: the load generator may be the bottleneck. */
const LOAD_CORE_FULL = 0.97;

/** The measures that candidates are compared by; higher is better. */
export const SCORES = {
  throughput: ({ requestsPerS }) => requestsPerS,
  /** Requests per second of CPU time: hardly affected by other load on the machine. */
  efficiency: ({ cpuMicros }) => cpuMicros === 0 ? 0 : 1e6 / cpuMicros,
} as const satisfies Record<string, (sample: Throughput) => number>;

/** Options of {@linkcode ratio}. */
export interface RatioOptions {
  readonly name: string;
  /** Concurrent connections. */
  readonly load: number;
  /** Default: the baseline. */
  readonly to?: string;
  /** Default: throughput. */
  readonly by?: keyof typeof SCORES;
}

/** The ratio of two candidates; undefined if no round has both. */
export function ratio(
  samples: readonly Sample<Throughput>[],
  { name, load, to = BASELINE, by = "throughput" }: RatioOptions,
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

/** The table of throughput for one number of connections. */
export function throughputTable(samples: readonly Sample<Throughput>[], load: number): string {
  const columns: Column[] = [
    ["", ([first]) => title(first) + marks(samples, first)],
    ["requests/s", (group) => middle(group, "requestsPerS", 0)],
    [`× ${BASELINE}`, ([first]) => ratioCell(samples, first)],
    [`× ${BASELINE} by CPU`, ([first]) => ratioCell(samples, first, { by: "efficiency" })],
    [
      `× ${REFERENCE} by CPU`,
      ([first]) => ratioCell(samples, first, { to: REFERENCE, by: "efficiency" }),
    ],
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

/** The table of latencies at a fixed rate, with the difference to direct requests. */
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

/** The explanation of the tables. */
export const LEGEND = `
Each value is the median of the rounds. CPU µs is the CPU time of the candidate's processes per
request; \`by CPU\` compares that, and is more reliable than the throughput on a machine with other
load. \`×\` is the median of the ratios within each round, with the lowest and the highest; a ratio
over 1 means that the candidate needs less CPU time, or gets more requests through. Latencies at
full load are mostly queueing; those at a fixed rate count from the scheduled time of a request. RSS
is after the warm-up and at the end; start is the time from the process start to the first response;
spans is the fraction of spans that the collector received; failed is the number of requests without
the expected response, with socket errors.

¹ the core of the load generator and the upstream was fully used: the candidate may be faster.
² other programs used more than ${
  MUCH_DISTURBED * 100
} % of the candidate's core: repeat on an idle machine.
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

/** Groups samples by candidate, in the order of the candidates. */
function grouped<Measured>(samples: readonly Sample<Measured>[]): Sample<Measured>[][] {
  return Object.keys(CANDIDATES)
    .map((name) => samples.filter((sample) => sample.name === name))
    .filter((group) => group.length > 0);
}

function title(sample: { name: string } | undefined): string {
  return CANDIDATES[sample?.name ?? ""]?.title ?? "";
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
