import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { startCollector } from "./kit/collector.ts";
import type { Drill } from "./kit/drill.ts";
import { PLAN, startGateway } from "./kit/gateway_process.ts";
import { startLoad } from "./kit/load.ts";
import { answerWell, rawUpstream } from "./kit/raw_upstream.ts";
import { until } from "./kit/until.ts";

const BATCHES = `/xms/v1/${PLAN}/batches`;
const GRACE_MS = 4_500;

/** A signal under load; the callers stop once /readyz is 503, as behind a load balancer. */
async function underLoad(signal: Deno.Signal): Promise<string> {
  await using collector = startCollector();
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), 40),
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: collector.url, SHUTDOWN_GRACE_MS: String(GRACE_MS) },
  });
  let unready = false;
  const { port, token } = gateway;
  const load = startLoad({
    port,
    path: BATCHES,
    token,
    callers: 30,
    prefix: signal,
    stop: () => unready,
  });
  await delay(1_000);
  gateway.abandon();
  gateway.signal(signal);
  const signalled = performance.now();
  const exited = gateway.exited();
  await until("503 of /readyz", async () => (await gateway.unreadiness()).includes("stopping"));
  const noticedMs = Math.round(performance.now() - signalled);
  await delay(200); // a load balancer is slower than this drill
  unready = true;
  const sent = await load.end();
  const { code, ms } = await exited;

  const lost = sent.filter(({ status }) => status !== 201);
  assertEquals(lost, [], "lost");
  assertEquals(new Set(upstream.seen.map(({ body }) => body)).size, upstream.seen.length, "twice");
  const servers = collector.spans.filter(({ kind }) => kind === "SERVER").length;
  assertEquals([code, gateway.stderr()], [0, ""]);
  assert(ms < GRACE_MS, `ended after ${ms} ms`);
  assertEquals(servers, sent.length, "spans");
  return `${signal}: /readyz 503 after ${noticedMs} ms, ${sent.length} POSTs all answered 201, ` +
    `exit 0 after ${ms} ms, ${servers} SERVER spans exported`;
}

/** Callers that ignore /readyz: every request is either answered or was not forwarded. */
async function persistentCallers(): Promise<string> {
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void setTimeout(() => answerWell(request, wire), 20),
  });
  await using gateway = await startGateway({ upstream: upstream.url });
  const { port, token } = gateway;
  const load = startLoad({ port, path: BATCHES, token, callers: 30, prefix: "persistent" });
  await delay(700);
  gateway.abandon();
  gateway.signal("SIGTERM");
  const { code, ms } = await gateway.exited();
  await delay(100);
  const sent = await load.end();
  const bytes = upstream.bytes();
  const forwardedUnanswered = sent.filter(({ id, status }) =>
    status === undefined && bytes.includes(`"${id}"`)
  );
  assertEquals(forwardedUnanswered, [], "forwarded but not answered");
  assertEquals(code, 0);
  const answered = sent.filter(({ status }) => status === 201).length;
  return `${answered} answered 201; of the others none had been forwarded; exit 0 after ${ms} ms`;
}

async function unansweredRequest(): Promise<string> {
  await using collector = startCollector();
  let stall = false;
  await using upstream = await rawUpstream({
    onRequest: (request, wire) => void (stall || answerWell(request, wire)),
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: collector.url, SHUTDOWN_GRACE_MS: "1500" },
  });
  for (let i = 0; i < 10; i++) await gateway.post("hello");
  stall = true;
  const unanswered = gateway.post("never answered");
  await until("the request is outstanding", () => upstream.seen.length === 11);
  gateway.abandon();
  gateway.signal("SIGTERM");
  const { code, ms } = await gateway.exited();
  const servers = collector.spans.filter(({ kind }) => kind === "SERVER").length;
  assertEquals([code, servers], [0, 11]);
  assert(ms < 1_500, `ended after ${ms} ms`);
  const { status } = await unanswered;
  assertEquals(status, 504);
  return `an unanswered request: 504, exit 0 after ${ms} of 1500 ms, all 11 SERVER spans exported`;
}

async function silentCollector(): Promise<string> {
  await using unresponsive = await rawUpstream({ onRequest() {} });
  await using upstream = await rawUpstream();
  await using gateway = await startGateway({
    upstream: upstream.url,
    env: { OTLP_ENDPOINT: unresponsive.url, SHUTDOWN_GRACE_MS: "1500" },
  });
  for (let i = 0; i < 10; i++) await gateway.post("hello");
  gateway.abandon();
  gateway.signal("SIGINT");
  const { code, ms } = await gateway.exited();
  assertEquals([code, gateway.stderr()], [0, ""]);
  assert(ms < 1_500, `ended after ${ms} ms`);
  return `a collector that never answers: exit 0 after ${ms} of 1500 ms`;
}

export default [
  {
    name: "stopping: SIGTERM under load",
    did: "SIGTERM while 30 callers send, who stop when /readyz is 503",
    promised:
      "503 before the socket closes; nothing in flight is lost; exit 0 in time; spans flushed",
    run: () => underLoad("SIGTERM"),
  },
  {
    name: "stopping: SIGINT under load",
    did: "SIGINT while 30 callers send, who stop when /readyz is 503",
    promised:
      "503 before the socket closes; nothing in flight is lost; exit 0 in time; spans flushed",
    run: () => underLoad("SIGINT"),
  },
  {
    name: "stopping: callers ignore /readyz",
    did: "SIGTERM while callers go on sending",
    promised: "every forwarded request is answered",
    run: persistentCallers,
  },
  {
    name: "stopping: upstream never answers",
    did: "SIGTERM while the upstream never answers one request",
    promised: "its caller gets an answer, its spans are exported, exit 0 within SHUTDOWN_GRACE_MS",
    run: unansweredRequest,
  },
  {
    name: "stopping: collector never answers",
    did: "SIGINT while the collector never answers",
    promised: "exit 0 within SHUTDOWN_GRACE_MS",
    run: silentCollector,
  },
] satisfies Drill[];
