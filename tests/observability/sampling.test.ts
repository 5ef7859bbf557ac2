import { assert, assertEquals, assertMatch } from "@std/assert";
import { rawReply, rawUpstream, refusedPort } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import { attributesOf, otlpSink } from "./otlp_sink.ts";
import { parseMetrics, total } from "./prometheus_text.ts";
import { hex, issuer } from "./traced_request.ts";
import { until } from "./until.ts";

const SERVER = 2;
const BATCHES = "/xms/v1/plan-1/batches";

/** An upstream that answers with the status in the query. */
const upstreamByQuery = () =>
  rawUpstream(async (connection) => {
    for (let request; (request = await connection.readRequest());) {
      const status = Number(/status=(\d+)/.exec(request.target)?.[1] ?? 200);
      await connection.write(rawReply(status, '{"code":"c","text":"t"}'));
    }
  });

/** A request, its status, and whether it is exported when its trace is not sampled. */
const REQUESTS: readonly [query: string, authorized: boolean, status: number, exported: boolean][] =
  [
    ["status=200", true, 200, false],
    ["status=403", true, 403, false], // a refusal of the API is not a failure
    ["status=500", true, 500, true],
    ["status=503", true, 503, true],
    ["status=401", true, 503, true],
    ["none", false, 401, true],
  ];

/** The sample ratio and the flag of the caller's `traceparent` → whether a trace is sampled. */
const SAMPLED: readonly [ratio: string, callerFlag: string | undefined, sampled: boolean][] = [
  ["0", undefined, false],
  ["0", "00", false],
  ["0", "01", true],
  ["1", "00", false],
  ["1", undefined, true],
];

for (const [ratio, callerFlag, sampled] of SAMPLED) {
  const caller = callerFlag ? `the caller's flag ${callerFlag}` : "no traceparent";
  Deno.test(`with a ratio of ${ratio} and ${caller}, ${sampled ? "every trace is" : "only failures and the gateway's refusals are"} exported, and the flag is forwarded`, async () => {
    await using sink = otlpSink();
    await using upstream = await upstreamByQuery();
    await using gateway = await startGateway({
      upstream: upstream.url,
      issuer,
      env: { OTLP_ENDPOINT: sink.url, TRACE_SAMPLE_RATIO: ratio },
    });
    const authorization = `Bearer ${await issuer.token()}`;
    for (const [query, authorized, status] of REQUESTS) {
      const response = await fetch(`${gateway.url}${BATCHES}?${query}`, {
        headers: {
          "x-request-id": query.replace("=", "-"),
          ...(authorized && { authorization }),
          ...(callerFlag && { traceparent: `00-${hex(16)}-${hex(8)}-${callerFlag}` }),
        },
      });
      await response.body?.cancel();
      assertEquals(response.status, status, query);
    }
    await gateway.stop();

    const servers = sink.spans().filter(({ kind }) => kind === SERVER);
    assertEquals(
      servers.map((span) => attributesOf(span)["sms_gateway.request_id"]).toSorted(),
      REQUESTS.filter(([, , , exported]) => sampled || exported)
        .map(([query]) => query.replace("=", "-")).toSorted(),
    );
    for (const { traceId } of servers) {
      const spans = sink.spans().filter((span) => span.traceId === traceId);
      const own = spans.find(({ kind }) => kind === SERVER)!;
      const expected = attributesOf(own)["http.response.status_code"] === 401 ? 1 : 2;
      assertEquals(spans.length, expected, "a failure is exported with its attempts");
      for (const { flags } of spans) assertEquals((flags & 1) === 1, sampled);
    }
    assertEquals(upstream.requests.length, 5);
    for (const { headers } of upstream.requests) {
      const values = headers.filter(([name]) => /^traceparent$/i.test(name));
      assertEquals(values.length, 1);
      assertMatch(values[0]![1], new RegExp(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0${Number(sampled)}$`));
    }
  });
}

/** The ways in which a collector can fail. */
const COLLECTORS: readonly [name: string, answer: () => Response | Promise<Response>][] = [
  ["answers 400", () => new Response(null, { status: 400 })],
  ["answers 500", () => new Response(null, { status: 500 })],
  ["answers 503", () => new Response(null, { status: 503 })],
  ["hangs", () => new Promise((resolve) => setTimeout(() => resolve(new Response()), 3_000))],
];

for (const [name, answer] of COLLECTORS) {
  Deno.test(`a collector that ${name} delays no request, and the process exits in time`, async () => {
    await using sink = otlpSink(answer);
    await assertNoDelay(sink.url, () => sink.exports.length > 0);
  });
}

Deno.test("a collector that refuses connections delays no request, and the process exits in time", async () => {
  await assertNoDelay(`http://127.0.0.1:${refusedPort()}`, () => true);
});

/** Sends requests until after the first export, then ends the gateway. */
async function assertNoDelay(otlpEndpoint: string, exported: () => boolean): Promise<void> {
  await using upstream = await upstreamByQuery();
  await using gateway = await startGateway({
    upstream: upstream.url,
    issuer,
    env: { OTLP_ENDPOINT: otlpEndpoint, SHUTDOWN_GRACE_MS: "2000" },
  });
  const headers = { authorization: `Bearer ${await issuer.token()}` };
  let slowestMs = 0;
  const request = async () => {
    const startedAt = performance.now();
    const response = await fetch(gateway.url + BATCHES, { headers });
    await response.body?.cancel();
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    assertEquals(response.status, 200);
  };
  await request();
  await until("an export", async () => {
    await request();
    return exported();
  });
  for (let more = 0; more < 20; more++) await request();
  assert(slowestMs < 1_000, `a request took ${slowestMs} ms`);
  const metrics = await fetch(`${gateway.url}/metrics`);
  assertEquals(total(parseMetrics(await metrics.text()), "http_server_active_requests"), 0);
  const startedAt = performance.now();
  const { code, stderr } = await gateway.stop();
  assertEquals([code, stderr], [0, ""]);
  assert(performance.now() - startedAt < 3_500);
}

Deno.test("spans that a collector rejects permanently are counted as dropped", async () => {
  await using sink = otlpSink(() => new Response(null, { status: 400 }));
  await using upstream = await upstreamByQuery();
  await using gateway = await startGateway({
    upstream: upstream.url,
    issuer,
    env: { OTLP_ENDPOINT: sink.url },
  });
  const response = await fetch(gateway.url + BATCHES);
  await response.body?.cancel();
  await until("a count of dropped spans", async () => {
    const metrics = parseMetrics(await (await fetch(`${gateway.url}/metrics`)).text());
    return total(metrics, "sms_gateway_telemetry_dropped_total", { signal: "traces" }) === 1;
  });
});

Deno.test("spans that are not exported at a SIGTERM are exported before the process exits", async () => {
  await using sink = otlpSink();
  await using upstream = await upstreamByQuery();
  await using gateway = await startGateway({
    upstream: upstream.url,
    issuer,
    env: { OTLP_ENDPOINT: sink.url, METRICS_EXPORT: "otlp" },
  });
  const response = await fetch(gateway.url + BATCHES);
  await response.body?.cancel();
  await gateway.stop();
  assertEquals(sink.exports.map(({ path }) => path).toSorted(), ["/v1/metrics", "/v1/traces"]);
  assertEquals(sink.spans().length, 1);
});
