import { type Candidate, LOADS } from "./candidate.ts";
import { checkWork } from "./complete_check.ts";
import { type Load, type LoadResult, runRate, runWrk } from "./load.ts";
import { type CoreTime, coreTime } from "./machine.ts";
import type { Usage } from "./process.ts";
import type { RunningCandidate, TestBed } from "./test_bed.ts";

/** A measurement of one candidate at full load. */
export interface Throughput extends LoadResult {
  readonly requestsPerS: number;
  /** CPU time of the candidate's processes per request, in µs. */
  readonly cpuMicros: number;
  /** Resident memory after the warm-up, and at the end. */
  readonly warmRssMiB: number;
  readonly rssMiB: number;
  /** Time from the start to the first response, with warm disk and code caches. */
  readonly startMs: number;
  /** Fraction of the candidate's core used by other programs: more than a few percent is noise. */
  readonly disturbed: number;
  /** Utilization of the load generator's core; near 1, the load generator was the bottleneck. */
  readonly loadCore: number;
  /** Fraction of its spans that the collector received; undefined without traces. */
  readonly exported: number | undefined;
}

/** Options of {@linkcode measureThroughput}. */
export interface ThroughputOptions {
  readonly upstreamPort: number;
  readonly connections: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** Replaces parts of the candidate's load. */
  readonly load?: Partial<Pick<Load, "targetsFile" | "bodyFile">>;
  /** Minimum number of warm-up requests; default: that of the load. */
  readonly warmupRequests?: number;
  /** Replaces parts of the load during the warm-up; default: it is that of the measurement. */
  readonly warmup?: Partial<Pick<Load, "targetsFile" | "bodyFile">> & { connections: number };
}

/** Maximum number of load generator runs in a warm-up. */
const MAX_WARMUPS = 10;

/** Starts a candidate, warms it up, measures its throughput, and stops it. */
export async function measureThroughput(
  testBed: TestBed,
  candidate: Candidate,
  options: ThroughputOptions,
): Promise<Throughput> {
  const spansBefore = await testBed.spans();
  const { sent, ...sample } = await sampleThroughput(testBed, candidate, options);
  const spans = await testBed.spans() - spansBefore; // complete: the candidate flushes its spans when it stops
  return { ...sample, exported: share(spans, candidate.spansPerRequest * sent) };
}

async function sampleThroughput(
  testBed: TestBed,
  candidate: Candidate,
  options: ThroughputOptions,
): Promise<Omit<Throughput, "exported"> & { sent: number }> {
  const { upstreamPort, connections, seconds, warmupSeconds } = options;
  const { warmupRequests = LOADS[candidate.load].warmupRequests } = options;
  await tryOut(testBed, candidate, upstreamPort);
  await using running = await testBed.start(candidate, upstreamPort);
  const load = { ...await testBed.load(candidate, running.port, seconds), ...options.load };
  await checkAnswer(load);
  const { connections: warmupConnections = connections, ...warmupLoad } = options.warmup ?? {};
  const warmed = await warmUp(
    { ...load, ...warmupLoad, seconds: warmupSeconds },
    warmupConnections,
    warmupRequests,
  );
  const before = await readMeters(testBed, running);
  const result = await runWrk(load, { connections, firstTarget: warmed });
  const after = await readMeters(testBed, running);
  return {
    ...result,
    ...difference(before, after, result.requests),
    requestsPerS: result.requests / result.seconds,
    warmRssMiB: before.usage.rssMiB,
    rssMiB: after.usage.rssMiB,
    startMs: running.startMs,
    sent: 1 + warmed + result.requests,
  };
}

/**
 * Starts and stops a candidate once: runtimes cache compiled code for the next start, and Deno has to
 * compile it again if a program with other V8 flags has used the same packages in between. What its
 * row says that it does is checked then.
 */
async function tryOut(testBed: TestBed, candidate: Candidate, upstreamPort: number): Promise<void> {
  await using running = await testBed.start(candidate, upstreamPort);
  const load = await testBed.load(candidate, running.port, 0);
  const [plan = "", token = ""] = (await firstLine(load.targetsFile)).split("\t");
  await checkWork(candidate, running, { plan, token, load });
}

/** A measurement of one candidate at a fixed rate. */
export interface FixedRate extends LoadResult {
  /** As in {@linkcode Throughput}. */
  readonly exported: number | undefined;
}

/** The warm-up is at full load: at the fixed rate the JIT compilation would take minutes. */
const WARMUP_CONNECTIONS = 32;

/** Time at the fixed rate before the measurement, in s. */
const SETTLE_S = 4;

/** Starts a candidate, warms it up, measures latencies at a fixed rate, and stops it. */
export async function measureFixedRate(
  testBed: TestBed,
  candidate: Candidate,
  options: Omit<ThroughputOptions, "connections" | "load" | "warmupRequests"> & {
    rate: number;
    generator: string;
  },
): Promise<FixedRate> {
  const { upstreamPort, seconds, warmupSeconds, rate, generator } = options;
  const spansBefore = await testBed.spans();
  const { warmed, ...result } = await (async () => {
    await using running = await testBed.start(candidate, upstreamPort);
    const load = await testBed.load(candidate, running.port, seconds);
    await checkAnswer(load);
    const warmed = await warmUp({ ...load, seconds: warmupSeconds }, WARMUP_CONNECTIONS, 0);
    return { warmed, ...await runRate(load, { generator, rate, settleSeconds: SETTLE_S }) };
  })();
  const spans = await testBed.spans() - spansBefore;
  const sent = 1 + warmed + SETTLE_S * rate + result.requests;
  return { ...result, exported: share(spans, candidate.spansPerRequest * sent) };
}

/** @throws {Error} if the candidate does not give the expected response */
async function checkAnswer({ port, targetsFile, bodyFile, expect }: Load): Promise<void> {
  const [plan, token] = (await firstLine(targetsFile)).split("\t");
  const response = await fetch(`http://127.0.0.1:${port}/xms/v1/${plan}/batches`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: await Deno.readFile(bodyFile),
  });
  const body = await response.text();
  if (response.status === expect && (expect === 201 || "code" in JSON.parse(body))) return;
  throw new Error(`Answered ${response.status} ${body.slice(0, 200)}, not ${expect}`);
}

/** Sends at least as many requests as there are targets, and returns how many. */
async function warmUp(load: Load, connections: number, atLeast: number): Promise<number> {
  let sent = 0;
  for (let run = 0; run < MAX_WARMUPS && (run === 0 || sent < atLeast); run++) {
    sent += (await runWrk(load, { connections, firstTarget: sent })).requests;
  }
  return sent;
}

interface Meters {
  readonly usage: Usage;
  readonly ownCore: CoreTime;
  readonly loadCore: CoreTime;
}

async function readMeters(testBed: TestBed, running: RunningCandidate): Promise<Meters> {
  const { candidate, load } = testBed.cores;
  return {
    usage: await running.server?.usage() ?? { cpuS: 0, rssMiB: 0 },
    ownCore: await coreTime(candidate),
    loadCore: await coreTime(load),
  };
}

/** Hundredths of a second, the unit of {@linkcode CoreTime}, in a second. */
const TICKS_PER_S = 100;

function difference(before: Meters, after: Meters, requests: number) {
  const cpuS = after.usage.cpuS - before.usage.cpuS;
  const ownTotal = after.ownCore.total - before.ownCore.total;
  const programs = after.ownCore.programs - before.ownCore.programs;
  const loadTotal = after.loadCore.total - before.loadCore.total;
  return {
    cpuMicros: cpuS * 1e6 / Math.max(1, requests),
    disturbed: Math.max(0, programs - cpuS * TICKS_PER_S) / Math.max(1, ownTotal),
    loadCore: (after.loadCore.busy - before.loadCore.busy) / Math.max(1, loadTotal),
  };
}

/** wrk does not count requests in progress when it stops: the quotient can slightly exceed 1. */
function share(spans: number, expected: number): number | undefined {
  return expected === 0 ? undefined : Math.min(1, spans / expected);
}

async function firstLine(file: string): Promise<string> {
  return (await Deno.readTextFile(file)).split("\n")[0] ?? "";
}
