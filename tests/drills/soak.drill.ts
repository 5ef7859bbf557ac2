import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { Pool } from "undici";
import { createSandbox } from "../../sandbox/app.ts";
import { serveSandbox } from "../../sandbox/serve.ts";
import type { Drill } from "./kit/drill.ts";
import { startCollector } from "./kit/collector.ts";
import { CREDENTIAL, type GatewayProcess, PLAN, startGateway } from "./kit/gateway_process.ts";
import { leastSquares, type Sample } from "./kit/slope.ts";

const MINUTES = Number(Deno.env.get("SOAK_MINUTES") ?? 2);
const BASE = `/xms/v1/${PLAN}`;

/** The rate that two cores can serve while they also run the client, sandbox and collector. */
const RATE_PER_S = 150;

/** Rate of the warm-up: the heap's size depends on the number of requests, not on time. */
const WARM_UP_RATE_PER_S = 600;
const CALLERS = 40;

/** Time for caches to fill, code to compile and the heap to reach its size; not measured. */
const WARM_UP_MS = 60_000;

/**
 * A leak of 1 KB per request would be 9 MiB a minute at this rate. Within a minute or two the
 * heap varies by as much, so in a short run only the total growth is asserted.
 */
const MAX_SLOPE_MIB_PER_MIN = 3;
const MAX_GROWTH_MIB = 40;
const SLOPE_COUNTS_FROM_MINUTES = 5;

interface Call {
  readonly weight: number;
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly token?: "none" | "bad";
  readonly hangUp?: true;
}

const MESSAGE = { from: "12345", to: ["46701234567"], body: "a message of the soak" };

/** Mixed traffic, with every fault that the sandbox can simulate. */
const MIX: readonly Call[] = [
  { weight: 40, method: "POST", path: "/batches", body: MESSAGE },
  { weight: 12, method: "GET", path: "/batches?page_size=5" },
  { weight: 6, method: "GET", path: "/batches?page_size=100" },
  { weight: 5, method: "GET", path: "/batches/UNKNOWN" },
  { weight: 4, method: "DELETE", path: "/batches/UNKNOWN" },
  { weight: 4, method: "POST", path: "/groups", body: { name: "soak" } },
  { weight: 4, method: "GET", path: "/inbounds" },
  { weight: 3, method: "GET", path: "/nothing" },
  { weight: 3, method: "GET", path: "/batches", token: "none" },
  { weight: 3, method: "GET", path: "/batches", token: "bad" },
  { weight: 2, method: "POST", path: "/batches?sandbox_status=503", body: MESSAGE },
  { weight: 2, method: "GET", path: "/batches?sandbox_status=503" },
  {
    weight: 2,
    method: "POST",
    path: "/batches?sandbox_status=500&sandbox_shape=html",
    body: MESSAGE,
  },
  { weight: 1, method: "GET", path: "/batches?sandbox_status=500&sandbox_shape=huge" },
  { weight: 1, method: "GET", path: "/batches?sandbox_status=403&sandbox_shape=gzip" },
  { weight: 2, method: "POST", path: "/batches?sandbox_reset=before_headers", body: MESSAGE },
  { weight: 2, method: "POST", path: "/batches?sandbox_reset=mid_body", body: MESSAGE },
  { weight: 1, method: "GET", path: "/batches?sandbox_stall=true" },
  { weight: 2, method: "GET", path: "/batches?sandbox_delay_ms=400", hangUp: true },
  { weight: 1, method: "POST", path: "/batches?sandbox_delay_ms=400", body: MESSAGE, hangUp: true },
];

const WEIGHTED_MIX = MIX.flatMap((call) => Array.from({ length: call.weight }, () => call));

interface Tally {
  requests: number;
  readonly statuses: Record<string, number>;
}

async function soak(): Promise<string> {
  const sandbox = createSandbox({ servicePlans: { [PLAN]: CREDENTIAL }, maxBatches: 500 });
  const served = await serveSandbox(sandbox);
  await using collector = startCollector();
  await using gateway = await startGateway({
    upstream: served.url,
    env: {
      OTLP_ENDPOINT: collector.url,
      UPSTREAM_TIMEOUT_MS: "2000",
      UPSTREAM_IDLE_TIMEOUT_MS: "1000",
      BREAKER_FAILURES: "50",
    },
  });
  const tally: Tally = { requests: 0, statuses: {} };
  const socketsBefore = await socketsOf(gateway.pid);
  const samples = await runLoad(gateway, tally, () => {
    collector.spans.length = 0; // keeps the drill's own memory use low
  });
  await gateway.assertIdle();
  await delay(6_000); // upstream connections are kept for 4 s
  const sockets = await socketsOf(gateway.pid) - socketsBefore;
  await served.close();

  const slope = leastSquares(samples);
  const [first, last] = [samples[0]?.mebibytes ?? 0, samples.at(-1)?.mebibytes ?? 0];
  const report =
    `${tally.requests} requests in ${MINUTES} min, ${JSON.stringify(tally.statuses)}; ` +
    `memory ${first.toFixed(0)} → ${last.toFixed(0)} MiB after warm-up, ` +
    `${slope.toFixed(2)} MiB/min (at most ${MAX_SLOPE_MIB_PER_MIN}); ${sockets} sockets left`;
  const slopeCounts = MINUTES >= SLOPE_COUNTS_FROM_MINUTES;
  assert(!slopeCounts || slope < MAX_SLOPE_MIB_PER_MIN, `memory grows: ${report}`);
  assert(last - first < MAX_GROWTH_MIB, `memory has grown: ${report}`);
  assert(sockets <= 2, `sockets leaked: ${report}`);
  assertEquals(Object.keys(tally.statuses).filter((status) => status === "0"), []);
  return report;
}

/** Sends the mix at a rate for a time, and samples the process's memory once a second. */
async function runLoad(
  gateway: GatewayProcess,
  tally: Tally,
  everySecond: () => void,
): Promise<Sample[]> {
  const pool = new Pool(`http://127.0.0.1:${gateway.port}`, { connections: CALLERS });
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  const totalMs = MINUTES * 60_000;
  const samples: Sample[] = [];
  const outstanding = new Set<Promise<void>>();
  const warmUpMs = Math.min(WARM_UP_MS, totalMs / 2);
  const requestsDueAfter = (ms: number) =>
    (Math.min(ms, warmUpMs) * WARM_UP_RATE_PER_S + Math.max(0, ms - warmUpMs) * RATE_PER_S) / 1_000;
  let nextSampleS = 0;
  while (elapsedMs() < totalMs) {
    while (tally.requests < requestsDueAfter(elapsedMs()) && outstanding.size < 4 * CALLERS) {
      tally.requests++;
      const call = WEIGHTED_MIX[Math.floor(Math.random() * WEIGHTED_MIX.length)];
      if (!call) continue;
      const sending = send(pool, gateway, call, tally).finally(() => outstanding.delete(sending));
      outstanding.add(sending);
    }
    if (elapsedMs() > nextSampleS * 1_000) {
      nextSampleS++;
      everySecond();
      if (elapsedMs() > warmUpMs) {
        samples.push({ minutes: elapsedMs() / 60_000, mebibytes: await gateway.mebibytes() });
      }
    }
    await delay(5);
  }
  await Promise.all(outstanding);
  await pool.destroy();
  return samples;
}

async function send(pool: Pool, gateway: GatewayProcess, call: Call, tally: Tally): Promise<void> {
  const { method, path, body, token, hangUp } = call;
  const bearer = token === "bad" ? "eyJhbGciOiJFUzI1NiJ9.e30.AAAA" : gateway.token;
  let outcome = "hung up";
  try {
    const answer = await pool.request({
      method,
      path: BASE + path,
      headers: {
        ...(token !== "none" && { authorization: `Bearer ${bearer}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      ...(hangUp && { signal: AbortSignal.timeout(100) }),
    });
    await answer.body.dump({ limit: 10_000_000 });
    outcome = String(answer.statusCode);
  } catch (error) {
    if (!hangUp) outcome = error instanceof Error ? error.name : "0";
  }
  tally.statuses[outcome] = (tally.statuses[outcome] ?? 0) + 1;
}

async function socketsOf(pid: number): Promise<number> {
  let sockets = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/fd`)) {
    const target = await Deno.readLink(`/proc/${pid}/fd/${name}`).catch(() => "");
    if (target.startsWith("socket:")) sockets++;
  }
  return sockets;
}

export default [
  {
    name: "soak",
    did: `mixed traffic with faults at ${RATE_PER_S}/s for SOAK_MINUTES (${MINUTES})`,
    promised:
      `memory does not grow (under ${MAX_SLOPE_MIB_PER_MIN} MiB/min after warm-up), no leaked slot or socket`,
    run: soak,
    timeoutMs: MINUTES * 60_000 + 60_000,
  },
] satisfies Drill[];
