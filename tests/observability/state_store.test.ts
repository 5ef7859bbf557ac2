import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals } from "@std/assert";
import { answering, rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { type GatewayProcess, startGateway } from "./gateway_process.ts";
import { sendWithKey, STORE_OUTAGE, storeLines } from "./keyed_send.ts";
import { attributesOf, otlpSink } from "./otlp_sink.ts";
import { parseMetrics, samplesOf, total } from "./prometheus_text.ts";

const OPERATIONS = "sms_gateway_state_operation_duration_seconds_count";

/** A gateway with its records in a file that a test can lock. */
async function withFile(env: Record<string, string> = {}) {
  await using started = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
  started.defer(() => Deno.remove(folder, { recursive: true }));
  const file = `${folder}/state.db`;
  const upstream = started.use(await rawUpstream(answering(rawReply(201, '{"id":"01ABC"}'))));
  const gateway = started.use(
    await startGateway({
      upstream: upstream.url,
      env: { STATE_URL: `sqlite:${file}`, STATE_TIMEOUT_MS: "100", ...env },
    }),
  );
  const owned = started.move();
  return {
    gateway,
    upstream,
    /** Locks the file, so that no operation succeeds; the result ends that. */
    lock() {
      const database = new DatabaseSync(file);
      database.exec("BEGIN IMMEDIATE");
      return () => database.close();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function readyz({ url }: GatewayProcess): Promise<[status: number, body: unknown]> {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
}

const metricsOf = async ({ url }: GatewayProcess) =>
  parseMetrics(await (await fetch(`${url}/metrics`)).text());

Deno.test("a store that stops answering is degraded, logged and measured, each change once", async () => {
  await using setup = await withFile();
  const { gateway, upstream, lock } = setup;
  assertEquals(await sendWithKey(gateway, "a"), 201);
  assertEquals(await readyz(gateway), [200, { status: "ok" }]);

  for (let outages = 0; outages < 2; outages++) {
    const unlock = lock();
    for (const key of ["a", "b", "c"]) assertEquals(await sendWithKey(gateway, key), 503);
    assertEquals(await readyz(gateway), [
      200,
      { status: "degraded", reasons: ["state_unavailable"] },
    ]);
    assertEquals(total(await metricsOf(gateway), "sms_gateway_state_reachable"), 0);
    unlock();
    for (let repeats = 0; repeats < 2; repeats++) {
      assertEquals(await sendWithKey(gateway, "a"), 201);
    }
    assertEquals(await readyz(gateway), [200, { status: "ok" }]);
    assertEquals(total(await metricsOf(gateway), "sms_gateway_state_reachable"), 1);
  }

  const metrics = await metricsOf(gateway);
  const operations = samplesOf(metrics, OPERATIONS)
    .map(({ labels, value }) => [labels.operation, labels.outcome, value]);
  assertEquals(operations, [["claim", "ok", 5], ["update", "ok", 1], ["claim", "timeout", 6]]);
  const waited = total(metrics, OPERATIONS.replace("_count", "_sum"), { outcome: "timeout" });
  assert(waited >= 0.6, `${waited} s`); // the deadline is 0.1 s
  assertEquals(
    samplesOf(metrics, "sms_gateway_idempotency_requests_total")
      .map(({ labels, value }) => [labels.outcome, value]),
    [["first", 1], ["unavailable", 6], ["replayed", 4]],
  );
  assertEquals(upstream.requests.length, 1);

  const { stdout } = await gateway.stop();
  assertEquals(storeLines(stdout), [...STORE_OUTAGE, ...STORE_OUTAGE]);
});

Deno.test("the spans and log lines of repeats lead to the request that was sent", async () => {
  await using sink = otlpSink();
  await using setup = await withFile({ OTLP_ENDPOINT: sink.url });
  const { gateway } = setup;
  for (let sends = 0; sends < 3; sends++) assertEquals(await sendWithKey(gateway, "a"), 201);
  const { stdout } = await gateway.stop();
  const spans = sink.spans();
  const servers = spans.filter(({ kind }) => kind === 2);
  assertEquals(servers.map((span) => attributesOf(span)["sms_gateway.idempotency"]), [
    "first",
    "replayed",
    "replayed",
  ]);
  const [first, ...repeats] = servers;
  assert(first);
  const clients = spans.filter(({ kind }) => kind === 3);
  assertEquals(
    clients.map((span) => [span.parentSpanId, attributesOf(span)["http.response.status_code"]]),
    [[first.spanId, 201]],
  );
  const { traceId, spanId } = first;
  for (const { links } of repeats) {
    assertEquals(links, [{ traceId, spanId, attributes: [], flags: 1 }]);
  }
  assertEquals(first.links, undefined);
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line))
    .filter(({ request_id }) => request_id === "a");
  assertEquals(
    lines.map(({ idempotency, trace_id, attempts }) => [idempotency, trace_id, attempts]),
    servers.map((span, index) => [
      index === 0 ? "first" : "replayed",
      span.traceId,
      index === 0 ? 1 : 0,
    ]),
  );
});
