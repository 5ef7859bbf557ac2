/**
 * Measures how the cost of the complete gateway grows: `deno run -A bench/scaling.ts`.
 *
 * Varies one parameter at a time; the others stay at one service plan, one caller, small bodies and
 * an upstream that responds immediately.
 */
import { parseArgs } from "node:util";
import { draw } from "./chart.ts";
import { gateway, PLAN } from "./gateway.ts";
import { describeMachine } from "./machine.ts";
import {
  AXES,
  DEFAULTS,
  type Measurement,
  MEMORY_FORMULA,
  memoryBoundMiB,
  planOf,
  type Point,
} from "./scaling_axes.ts";
import { measureThroughput, type Throughput } from "./measure.ts";
import { MAX_TOKENS } from "../auth/verified_token_cache.ts";
import { note, number, print, table } from "./print.ts";
import { scalingChart } from "./scaling_chart.ts";
import { SLOW_PLAN } from "./upstream.ts";
import { installNodePackages, TestBed } from "./test_bed.ts";
import { median } from "./statistics.ts";

const USAGE = `deno run -A bench/scaling.ts [options]

  --only a,b   axes: ${Object.keys(AXES).join(", ")}
  --rounds 1   results are medians of the rounds
  --seconds 5  measured time of each run
  --out bench  folder to write SCALING.md and scaling.svg to
`;

/** Long enough for the JIT compilation of the hot code, in s. */
const WARMUP_S = 6;

/** Requests of each caller in the warm-up: at the first one its token is verified, which takes long. */
const WARMUP_ROUNDS = 4;

/** Buffer size of the upstream for the largest body, in bytes. */
const MAX_BODY_BYTES = 1_048_576;

/** Measured time in multiples of the upstream's latency: a request takes as long as that. */
const LATENCY_FACTOR = 4;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes("--help")) return print(USAGE);
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { only: text, rounds: text, seconds: text, out: text },
  });
  const { only = Object.keys(AXES).join(","), rounds = "1", seconds = "5", out } = values;
  const measurements = await measure(only.split(","), Number(rounds), Number(seconds));
  const report = [
    "# How the cost of the gateway grows",
    `\`deno run -A bench/scaling.ts ${args.join(" ")}\``,
    (await describeMachine()).join("\n"),
    ...(out === undefined ? [] : ["![Throughput and memory](scaling.svg)"]),
    LEGEND,
    ...Object.keys(AXES).filter((axis) => only.includes(axis)).flatMap((axis) => [
      `## By ${AXES[axis]?.title}`,
      axisTable(measurements.filter((measurement) => measurement.axis === axis)),
    ]),
  ].join("\n\n");
  print(report);
  if (out === undefined) return;
  await installNodePackages();
  await Deno.writeTextFile(`${out}/scaling.svg`, await draw(scalingChart(measurements)));
  await Deno.writeTextFile(`${out}/SCALING.md`, report + "\n");
}

async function measure(
  axes: readonly string[],
  rounds: number,
  seconds: number,
): Promise<Measurement[]> {
  await using testBed = await TestBed.open();
  const samples = new Map<string, Measurement & { samples: Throughput[] }>();
  for (let round = 1; round <= rounds; round++) {
    for (const axis of axes) {
      for (const value of AXES[axis]?.values ?? []) {
        note(`round ${round} of ${rounds}: ${axis} ${value}`);
        const id = `${axis} ${value}`;
        const measurement = samples.get(id) ?? { axis, value, samples: [] };
        samples.set(id, measurement);
        const point = { ...DEFAULTS, ...AXES[axis]?.point(value) };
        measurement.samples.push(await measurePoint(testBed, point, seconds));
      }
    }
  }
  return [...samples.values()];
}

async function measurePoint(testBed: TestBed, point: Point, seconds: number): Promise<Throughput> {
  const { plans, policies, targets, bodyBytes, latencyMs, connections } = point;
  const candidate = gateway({
    title: "gateway",
    without: ["SERVICE_PLANS"],
    siteEnv: ({ folder }) => ({
      SERVICE_PLANS_FILE: `${folder}/plans.json`,
      ...policies > 0 && { POLICIES_FILE: `${folder}/policies.json` },
    }),
    files: () => ({
      "plans.json": JSON.stringify(plansOf(plans)),
      "policies.json": JSON.stringify(policiesOf(policies)),
    }),
  });
  const load = {
    targetsFile: await testBed.targets(targets),
    bodyFile: await testBed.bodyFile(bodyBytes),
  };
  return await measureThroughput(testBed, candidate, {
    upstreamPort: await testBed.upstream({
      latencyMs,
      ...(bodyBytes > DEFAULTS.bodyBytes ? { maxBodyBytes: MAX_BODY_BYTES } : {}),
    }),
    connections,
    seconds: Math.max(seconds, LATENCY_FACTOR * latencyMs / 1_000),
    warmupSeconds: WARMUP_S,
    warmupRequests: WARMUP_ROUNDS * targets.count,
    load,
    // At a high latency the JIT compilation would take minutes.
    ...latencyMs > 0 && {
      warmup: {
        ...load,
        targetsFile: await testBed.targets(DEFAULTS.targets),
        connections: DEFAULTS.connections,
      },
    },
  });
}

function plansOf(count: number): Record<string, string> {
  const names = [PLAN, SLOW_PLAN, ...Array.from({ length: count }, (_, index) => planOf(index))];
  return Object.fromEntries(names.map((plan) => [plan, "bench-secret"]));
}

/** Policies that name ten callers each, half of them by prefixes; the last is that of the sender. */
function policiesOf(count: number): unknown[] {
  return Array.from({ length: count }, (_, policy) => ({
    name: `policy-${policy}`,
    callers: [
      ...Array.from({ length: 9 }, (_, i) => `other-${policy}-${i}${i % 2 === 0 ? "" : "*"}`),
      policy === count - 1 ? "service-0" : `other-${policy}-9*`,
    ],
    countries: ["SE"],
    senders: ["15551231235"],
    messages: { per_day: 1_000_000_000 },
  }));
}

const LEGEND = `
One parameter varies at a time; the others stay at one service plan, one caller, a body of
${DEFAULTS.bodyBytes} bytes, ${DEFAULTS.connections} connections and an upstream that responds
immediately. Every connection has a request in flight all the time, and the gateway has one core.

CPU µs is its CPU time per request, RSS its memory at the end in MiB, "at most" what the formula
allows, with sizes in MiB and at most ${number(MAX_TOKENS, 0)} callers counted:

    ${MEMORY_FORMULA}

Load core is the utilization of the core of the load generator and the upstream, others the fraction
of the gateway's core that other programs used: with more than a few percent a row is not reliable.
`.trim();

function axisTable(measurements: readonly Measurement[]): string {
  const head = [
    "",
    "requests/s",
    "CPU µs",
    "p50 ms",
    "p99 ms",
    "RSS MiB",
    "at most",
    "load core",
    "others",
    "failed",
  ];
  const rows = measurements.map(({ axis, value, samples }) => {
    const middle = (key: Exclude<keyof Throughput, "exported" | "lateP99Ms">) =>
      median(samples.map((sample) => sample[key]));
    return [
      number(value, 0),
      number(middle("requestsPerS"), 0),
      number(middle("cpuMicros"), 0),
      number(middle("p50Ms"), 2),
      number(middle("p99Ms"), 2),
      number(middle("rssMiB"), 0),
      number(memoryBoundMiB({ ...DEFAULTS, ...AXES[axis]?.point(value) }), 0),
      `${number(middle("loadCore") * 100, 0)} %`,
      `${number(middle("disturbed") * 100, 0)} %`,
      String(samples.reduce((total, { failed }) => total + failed, 0)),
    ];
  });
  return table(head, rows);
}

if (import.meta.main) await main(Deno.args);
