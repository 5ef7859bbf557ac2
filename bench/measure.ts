import { type Contestant, LOADS } from "./contestant.ts";
import { type Load, type LoadResult, runRate, runWrk } from "./load.ts";
import { type CoreTime, coreTime } from "./machine.ts";
import type { Usage } from "./process.ts";
import type { Raised, Stage } from "./stage.ts";

/** One contestant under full load. */
export interface Throughput extends LoadResult {
  readonly requestsPerS: number;
  /** CPU time of the contestant's processes for each request, in µs. */
  readonly cpuMicros: number;
  /** Resident memory after the warm-up, and at the end. */
  readonly warmRssMiB: number;
  readonly rssMiB: number;
  /** From its start to its first answer, where it was started before. */
  readonly startMs: number;
  /** Share of the contestant's core that other programs took; more than a little is noise. */
  readonly disturbed: number;
  /** How busy the load's core was; near 1, the load generator was the limit. */
  readonly loadCore: number;
  /** Share of its spans that arrived at the collector; undefined without traces. */
  readonly exported: number | undefined;
}

/** What a measurement is told. */
export interface ThroughputOptions {
  readonly upstreamPort: number;
  readonly connections: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  /** What is sent instead of the contestant's own load. */
  readonly load?: Partial<Pick<Load, "targetsFile" | "bodyFile">>;
  /** The warm-up goes on for at least as many requests; default: the load's own number. */
  readonly warmupRequests?: number;
}

/** The most runs of the load that go into a warm-up. */
const MAX_WARMUPS = 10;

/** Starts a contestant, warms it up, measures how much it gets through, and ends it. */
export async function measureThroughput(
  stage: Stage,
  contestant: Contestant,
  options: ThroughputOptions,
): Promise<Throughput> {
  const spansBefore = await stage.spans();
  const { sent, ...sample } = await sampleThroughput(stage, contestant, options);
  const spans = await stage.spans() - spansBefore; // all are there: it has ended, and flushed
  return { ...sample, exported: share(spans, contestant.spansPerRequest * sent) };
}

async function sampleThroughput(
  stage: Stage,
  contestant: Contestant,
  options: ThroughputOptions,
): Promise<Omit<Throughput, "exported"> & { sent: number }> {
  const { upstreamPort, connections, seconds, warmupSeconds } = options;
  const { warmupRequests = LOADS[contestant.load].warmupRequests } = options;
  await fillCaches(stage, contestant, upstreamPort);
  await using raised = await stage.raise(contestant, upstreamPort);
  const load = { ...await stage.load(contestant, raised.port, seconds), ...options.load };
  await checkAnswer(load);
  const warmed = await warmUp({ ...load, seconds: warmupSeconds }, connections, warmupRequests);
  const before = await readMeters(stage, raised);
  const result = await runWrk(load, { connections, firstTarget: warmed });
  const after = await readMeters(stage, raised);
  return {
    ...result,
    ...difference(before, after, result.requests),
    requestsPerS: result.requests / result.seconds,
    warmRssMiB: before.usage.rssMiB,
    rssMiB: after.usage.rssMiB,
    startMs: raised.startMs,
    sent: 1 + warmed + result.requests,
  };
}

/**
 * Starts a contestant and ends it again: runtimes keep compiled code for the next start, and Deno
 * has to make it anew where a program with other V8 flags used the same packages in between.
 */
async function fillCaches(stage: Stage, contestant: Contestant, upstreamPort: number) {
  await using _once = await stage.raise(contestant, upstreamPort);
}

/** Requests at a fixed rate, and what of them the collector was told. */
export interface FixedRate extends LoadResult {
  /** As in {@linkcode Throughput}. */
  readonly exported: number | undefined;
}

/** Full load before a fixed rate: at the rate itself compiling would go on for minutes. */
const WARMUP_CONNECTIONS = 32;

/** Time at the fixed rate before it is measured, in seconds. */
const SETTLE_S = 4;

/** Starts a contestant, warms it up, sends it requests at a fixed rate, and ends it. */
export async function measureFixedRate(
  stage: Stage,
  contestant: Contestant,
  options: Omit<ThroughputOptions, "connections" | "load" | "warmupRequests"> & {
    rate: number;
    generator: string;
  },
): Promise<FixedRate> {
  const { upstreamPort, seconds, warmupSeconds, rate, generator } = options;
  const spansBefore = await stage.spans();
  const { warmed, ...result } = await (async () => {
    await using raised = await stage.raise(contestant, upstreamPort);
    const load = await stage.load(contestant, raised.port, seconds);
    await checkAnswer(load);
    const warmed = await warmUp({ ...load, seconds: warmupSeconds }, WARMUP_CONNECTIONS, 0);
    return { warmed, ...await runRate(load, { generator, rate, settleSeconds: SETTLE_S }) };
  })();
  const spans = await stage.spans() - spansBefore;
  const sent = 1 + warmed + SETTLE_S * rate + result.requests;
  return { ...result, exported: share(spans, contestant.spansPerRequest * sent) };
}

/** A contestant that is fast because it answers something else is not measured. */
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

/** Sends load until the contestant has seen every target, and returns how many requests. */
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

async function readMeters(stage: Stage, raised: Raised): Promise<Meters> {
  const { contestant, load } = stage.cores;
  return {
    usage: await raised.server?.usage() ?? { cpuS: 0, rssMiB: 0 },
    ownCore: await coreTime(contestant),
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

/** Requests that were under way when wrk stopped are not counted, so it can exceed 1 a little. */
function share(spans: number, expected: number): number | undefined {
  return expected === 0 ? undefined : Math.min(1, spans / expected);
}

async function firstLine(file: string): Promise<string> {
  return (await Deno.readTextFile(file)).split("\n")[0] ?? "";
}
