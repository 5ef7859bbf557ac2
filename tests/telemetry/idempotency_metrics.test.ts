import { assertEquals } from "@std/assert";
import { parseConfig } from "../../config.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { createGateway } from "../../gateway.ts";
import { openState } from "../../entry/open_state.ts";
import { MemoryStore } from "../../state/memory.ts";
import { StateError } from "../../state/store.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import type { UpstreamReply, UpstreamRequest } from "../../upstream/transport.ts";
import { parseMetrics, samplesOf, type Scrape, total } from "../observability/prometheus_text.ts";
import { jsonReply, testEnv, type TestGateway, testGateway } from "../support/gateway.ts";
import { testIssuer } from "../support/issuer.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const ROUTE = "/xms/v1/{service_plan_id}/batches";
const CLIENT = "http_client_request_duration_seconds_count";
const OUTCOMES = "sms_gateway_idempotency_requests_total";
const OPERATIONS = "sms_gateway_state_operation_duration_seconds_count";

const MESSAGE = { to: ["12025550123"], body: "Hi", client_reference: "order-1" };
const LISTED = { ...MESSAGE, type: "mt_text", id: "01ABC", created_at: "2100-01-01T00:00:00Z" };

function message(key: string, body: unknown = MESSAGE) {
  return {
    method: "POST",
    headers: { "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  };
}

async function metricsOf({ exchanges }: TestGateway): Promise<Scrape> {
  const metrics = new Metrics({ resource: {}, push: undefined });
  for (const exchange of exchanges) metrics.finished(exchange, 1);
  return parseMetrics(await metrics.prometheus());
}

const outcomesOf = (metrics: Scrape) =>
  Object.fromEntries(
    samplesOf(metrics, OUTCOMES).map(({ labels, value }) => [labels.outcome, value]),
  );

/** An upstream on which sends are lost, and listings contain these batches. */
function losing(...batches: unknown[]): (request: UpstreamRequest) => Promise<UpstreamReply> {
  const listing = { count: batches.length, batches };
  return ({ method }) =>
    method === "GET"
      ? Promise.resolve(jsonReply(200, listing, { date: new Date().toUTCString() }))
      : Promise.reject(new TransportError(true, "timeout", { cause: 0 }));
}

Deno.test("requests with a key are counted by outcome, others are not", async () => {
  const slow = Promise.withResolvers<UpstreamReply>();
  const gateway = await testGateway({
    upstream: ({ body }) =>
      body && new TextDecoder().decode(body).includes("slow") ? slow.promise : jsonReply(201, {}),
  });
  await gateway.request(BATCHES, message("a"));
  for (let repeats = 0; repeats < 3; repeats++) await gateway.request(BATCHES, message("a"));
  await gateway.request(BATCHES, message("a", { other: true }));
  const first = gateway.request(BATCHES, message("b", { body: "slow" }));
  while (gateway.sent.length < 2) await new Promise((next) => setTimeout(next, 1));
  await gateway.request(BATCHES, message("b", { body: "slow" }));
  slow.resolve(jsonReply(201, {}));
  await first;
  await gateway.request(BATCHES, message('"')); // 400: no key
  await gateway.request(BATCHES);
  assertEquals(outcomesOf(await metricsOf(gateway)), {
    first: 2,
    replayed: 3,
    reused: 1,
    in_use: 1,
  });
});

Deno.test("a repeat of a send that was lost counts as found_out or unknown, and one without a store as unavailable", async () => {
  const found = await testGateway({ upstream: losing(LISTED) });
  const unknown = await testGateway({ upstream: losing() });
  const store = new MemoryStore();
  store.claim = () => Promise.reject(new StateError("timeout"));
  const unavailable = await testGateway({ deps: { store } });
  for (const gateway of [found, unknown, unavailable]) {
    for (let sends = 0; sends < 2; sends++) await gateway.request(BATCHES, message("a"));
  }
  assertEquals(outcomesOf(await metricsOf(found)), { first: 1, found_out: 1 });
  assertEquals(outcomesOf(await metricsOf(unknown)), { first: 1, unknown: 1 });
  assertEquals(outcomesOf(await metricsOf(unavailable)), { unavailable: 2 });
});

Deno.test("the GET requests that find out what became of a send are requests to the SMS API, by the route of the listing", async () => {
  const gateway = await testGateway({ upstream: losing() });
  await gateway.request(`${BATCHES}/dry_run`, message("a"));
  await gateway.request(BATCHES, message("b"));
  for (let repeats = 0; repeats < 2; repeats++) await gateway.request(BATCHES, message("b"));
  const metrics = await metricsOf(gateway);
  assertEquals(
    samplesOf(metrics, CLIENT).map(({ labels, value }) => [
      labels.http_request_method,
      labels.url_template,
      labels.http_response_status_code ?? labels.error_type,
      value,
    ]),
    [
      ["POST", `${ROUTE}/dry_run`, "upstream_timeout", 1],
      ["POST", ROUTE, "upstream_timeout", 1],
      ["GET", ROUTE, "200", 2],
    ],
  );
});

Deno.test("the retries of a GET request that finds out are counted", async () => {
  let gets = 0;
  const lost = losing();
  const gateway = await testGateway({
    env: { RETRY_ATTEMPTS: "2" },
    upstream: (request) =>
      request.method === "GET" && ++gets === 1 ? jsonReply(503, {}) : lost(request),
  });
  for (let sends = 0; sends < 2; sends++) await gateway.request(BATCHES, message("a"));
  const metrics = await metricsOf(gateway);
  assertEquals(total(metrics, CLIENT, { http_request_method: "GET" }), 2);
  assertEquals(total(metrics, "sms_gateway_retries_total"), 1);
});

Deno.test("a large answer that is got again counts by the route of the resource, not by its id", async () => {
  const gateway = await testGateway({
    upstream: ({ method }) =>
      method === "GET"
        ? jsonReply(200, { id: "01ABC" })
        : { status: 201, headers: [], body: new Blob(['{"id":"01ABC"}']).stream() },
  });
  const first = await gateway.request(BATCHES, message("a"));
  await first.bytes();
  await new Promise((next) => setTimeout(next, 10));
  await gateway.request(BATCHES, message("a"));
  const metrics = await metricsOf(gateway);
  assertEquals(outcomesOf(metrics), { first: 1, replayed: 1 });
  assertEquals(
    samplesOf(metrics, CLIENT, { http_request_method: "GET" })
      .map(({ labels }) => labels.url_template),
    [`${ROUTE}/{batch_id}`],
  );
});

Deno.test("random keys, references and callers add no series", async () => {
  const random = () => crypto.randomUUID();
  const lost = losing();
  const gateway = await testGateway({
    env: { BREAKER_FAILURES: "0" },
    upstream: (request) =>
      new TextDecoder().decode(request.body ?? undefined).includes("keep")
        ? jsonReply(201, { id: random() })
        : lost(request),
  });
  const send = async (body: string) => {
    const options = {
      ...message(random(), { ...MESSAGE, body, client_reference: random() }),
      token: { subject: random() },
    };
    for (let sends = 0; sends < 2; sends++) await gateway.request(BATCHES, options);
  };
  const seriesOf = async () =>
    (await metricsOf(gateway)).samples.map(({ name, labels }) => JSON.stringify([name, labels]))
      .toSorted();
  for (const body of ["keep", "lose"]) await send(body);
  const before = await seriesOf();
  for (let sends = 0; sends < 100; sends++) await send(sends % 2 ? "keep" : "lose");
  assertEquals(await seriesOf(), before);
});

for (
  const [url, reachable, operations] of [
    ["memory:", 1, []],
    ["sqlite:", 1, [["claim", "ok", 3], ["update", "ok", 1], ["release", "ok", 1]]],
    [undefined, undefined, []],
  ] as const
) {
  Deno.test(`with ${url ?? "no store"} ${operations.length} kinds of operations are recorded, and the gauge is ${reachable ?? "absent"}`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
    const issuer = await testIssuer();
    const config = parseConfig({
      ...testEnv(issuer),
      ...url ? { STATE_URL: url === "sqlite:" ? `sqlite:${folder}/state.db` : url } : {
        IDEMPOTENCY: "off",
      },
    });
    const state = await openState(config);
    const replies = [jsonReply(201, {}), jsonReply(403, { code: "c", text: "t" })];
    const gateway = createGateway(config, {
      transport: {
        send: () => Promise.resolve(replies.shift()!),
        close: () => Promise.resolve(),
      },
      ...state && { state },
    });
    const authorization = `Bearer ${await issuer.token()}`;
    const keys = url ? ["a", "a", "b"] : ["a", "b"];
    for (const key of keys) {
      const { headers, ...init } = message(key);
      const request = new Request(`http://gateway.test${BATCHES}`, {
        ...init,
        headers: { ...headers, authorization },
      });
      await (await gateway.fetch(request)).body?.cancel();
    }
    const answer = await gateway.fetch(new Request("http://gateway.test/metrics"));
    const metrics = parseMetrics(await answer.text());
    await gateway.close();
    await Deno.remove(folder, { recursive: true });
    assertEquals(
      samplesOf(metrics, OPERATIONS).map(({ labels, value }) => [
        labels.operation,
        labels.outcome,
        value,
      ]),
      operations.map((operation) => [...operation]),
    );
    assertEquals(samplesOf(metrics, "sms_gateway_state_reachable")[0]?.value, reachable);
  });
}
