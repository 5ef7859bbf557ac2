/**
 * Compares the gateway with other proxies, end to end, each on one core: `deno task bench`.
 *
 * Rounds are interleaved, so that other load on the machine affects all candidates.
 */
import { draw, ratioChart } from "./chart.ts";
import type { Candidate } from "./candidate.ts";
import { CANDIDATES, COMPLETE } from "./candidates.ts";
import { judge } from "./guard.ts";
import { buildRateGenerator } from "./load.ts";
import { describeMachine } from "./machine.ts";
import { type FixedRate, measureFixedRate, measureThroughput, type Throughput } from "./measure.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { PROGRAMS } from "./peers/install.ts";
import { note, print } from "./print.ts";
import { isInstalled } from "./process.ts";
import { fixedRateTable, LEGEND, type Sample, throughputTable } from "./report.ts";
import { installNodePackages, TestBed } from "./test_bed.ts";
import { median } from "./statistics.ts";

/** Exit code: a request costs more than with the last release. */
const EXIT_SLOW = 1;

/** Exit code: nothing could be measured. */
const EXIT_UNUSABLE = 2;

/** Installs all programs on Debian and Ubuntu. */
const APT = "apt install wrk haproxy nginx caddy nodejs npm golang-go";

/** The load generator and the upstream, which every measurement needs. */
const REQUIRED = ["wrk", "haproxy"];

/** Duration of a fixed-rate run as a multiple of that at full load: it has fewer requests. */
const FIXED_RATE_DURATION_FACTOR = 2;

/** Attempts of the guard on a machine that is too noisy to tell. */
const GUARD_ATTEMPTS = 3;

interface Results {
  readonly throughput: readonly Sample<Throughput>[];
  readonly fixedRate: readonly Sample<FixedRate>[];
  /** The complete gateway at half of its own maximum. */
  readonly halfLoad: readonly Sample<FixedRate>[];
}

if (import.meta.main) {
  Deno.env.set("PATH", `${PROGRAMS}:${Deno.env.get("PATH")}`);
  Deno.exit(await main(Deno.args));
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) return print(USAGE) ?? 0;
  const options = readOptions(args);
  if (!options) return EXIT_UNUSABLE;
  const missing = await absent(REQUIRED);
  if (missing.length > 0) {
    return note(`Not on PATH: ${missing.join(", ")}. ${APT}`) ?? EXIT_UNUSABLE;
  }
  if (options.guard) return await guard(options);
  const results = await measure(options, await available(options.only));
  print(await write(options, results, args));
  return 0;
}

/** Measures until the machine is quiet enough to tell; returns the exit code. */
async function guard(options: Options): Promise<number> {
  const candidates = await available(options.only);
  for (let attempt = 0; attempt < GUARD_ATTEMPTS; attempt++) {
    const { throughput } = await measure(options, candidates);
    print(throughputTable(throughput, options.connections[0] ?? 0));
    const verdict = judge(throughput, options.connections[0] ?? 0);
    if (verdict !== "noisy") return verdict === "ok" ? 0 : EXIT_SLOW;
  }
  return note("The machine is too noisy to compare; repeat on an idle one.") ?? 0;
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    return parseOptions(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    note(`${error.message}\n\n${USAGE}`);
    return undefined;
  }
}

async function measure(
  options: Options,
  candidates: ReadonlyMap<string, Candidate>,
): Promise<Results> {
  await using testBed = await TestBed.open();
  const upstreamPort = await testBed.upstream();
  const common = { ...options, upstreamPort };
  const throughput = await interleave(options, candidates, options.connections, (one, load) => {
    return measureThroughput(testBed, one, { ...common, connections: load });
  });
  if (options.rate === 0 || (await absent(["go"])).length > 0) {
    return { throughput, fixedRate: [], halfLoad: [] };
  }
  const generator = await buildRateGenerator(testBed.cache);
  const seconds = options.seconds * FIXED_RATE_DURATION_FACTOR;
  const atRate = (one: Candidate, rate: number) =>
    measureFixedRate(testBed, one, { ...common, seconds, rate, generator });
  const rated = filter(candidates, ([, { fixedRate }]) => fixedRate);
  const fixedRate = await interleave(options, rated, [options.rate], atRate);
  const complete = filter(candidates, ([name]) => name === COMPLETE);
  const half = halfOfMaximum(throughput);
  const halfLoad = await interleave(options, complete, half === 0 ? [] : [half], atRate);
  return { throughput, fixedRate, halfLoad };
}

/** Measures all candidates under all loads in each round; the first candidate rotates. */
async function interleave<Measured>(
  { rounds }: Options,
  candidates: ReadonlyMap<string, Candidate>,
  loads: readonly number[],
  measureOne: (candidate: Candidate, load: number) => Promise<Measured>,
): Promise<Sample<Measured>[]> {
  const samples: Sample<Measured>[] = [];
  const failed = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const load of loads) {
      for (const [name, candidate] of rotated([...candidates], round)) {
        if (failed.has(name)) continue;
        note(`round ${round + 1} of ${rounds}, load ${load}: ${candidate.title}`);
        try {
          samples.push({ ...await measureOne(candidate, load), name, round, load });
        } catch (error) {
          failed.add(name);
          note(`  left out: ${error instanceof Error ? error.message : error}`);
        }
      }
    }
  }
  return samples;
}

async function available(names: readonly string[]): Promise<ReadonlyMap<string, Candidate>> {
  const chosen = new Map<string, Candidate>();
  for (const [name, candidate] of Object.entries(CANDIDATES)) {
    if (!names.includes(name)) continue;
    const missing = await absent(candidate.needs);
    if (missing.length === 0) chosen.set(name, candidate);
    else note(`${candidate.title} is left out, not on PATH: ${missing.join(", ")}. ${APT}`);
  }
  const needsNode = [...chosen.values()].some(({ needs }) => needs.includes("node"));
  if (needsNode) await installNodePackages();
  return chosen;
}

async function write(options: Options, results: Results, args: readonly string[]): Promise<string> {
  const { throughput, fixedRate, halfLoad } = results;
  const parts = [
    "# Benchmark results",
    `\`deno task bench ${args.join(" ")}\`: ${options.rounds} interleaved rounds of ` +
    `${options.seconds} s after ${options.warmupSeconds} s of warm-up, one core for the ` +
    "candidate, another for the load generator, the upstream and the collector.",
    (await describeMachine()).join("\n"),
    ...options.connections.flatMap((load) => [
      `## Throughput, ${load} connections`,
      throughputTable(throughput, load),
    ]),
    ...(fixedRate.length === 0 ? [] : [
      `## Latency at ${options.rate} requests per second`,
      fixedRateTable(fixedRate),
    ]),
    ...(halfLoad.length === 0 ? [] : ["## Traces at half of the maximum", halfLoadText(halfLoad)]),
    "## How to read this",
    LEGEND,
  ];
  if (options.out !== undefined) {
    if (throughput.length > 0) {
      parts.splice(3, 0, "![Throughput as ratios](results.svg)");
      await installNodePackages();
      const picture = await draw(ratioChart(throughput));
      await Deno.writeTextFile(`${options.out}/results.svg`, picture);
    }
    await Deno.writeTextFile(`${options.out}/RESULTS.md`, parts.join("\n\n") + "\n");
  }
  return parts.join("\n\n");
}

function halfLoadText(samples: readonly Sample<FixedRate>[]): string {
  const lowest = Math.min(...samples.map(({ exported }) => exported ?? 0));
  return `At ${samples[0]?.load} requests per second, half of what the complete gateway gets ` +
    `through, ${(lowest * 100).toFixed(2)} % of its spans reached the collector in the worst of ` +
    `${samples.length} rounds.`;
}

function halfOfMaximum(samples: readonly Sample<Throughput>[]): number {
  const [first] = samples;
  const complete = samples.filter(({ name, load }) => name === COMPLETE && load === first?.load);
  return Math.round(median(complete.map(({ requestsPerS }) => requestsPerS)) / 2);
}

async function absent(programs: readonly string[]): Promise<string[]> {
  const found = await Promise.all(programs.map(isInstalled));
  return programs.filter((_, index) => !found[index]);
}

function filter(
  candidates: ReadonlyMap<string, Candidate>,
  keep: (entry: [string, Candidate]) => boolean,
): ReadonlyMap<string, Candidate> {
  return new Map([...candidates].filter(keep));
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
