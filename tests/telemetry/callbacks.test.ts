import { assert, assertEquals } from "@std/assert";
import { SpanKind } from "@opentelemetry/api";
import { TransportError } from "../../errors/transport_error.ts";
import { RecordKeys } from "../../callbacks/record_keys.ts";
import { decodeBatchRecord } from "../../callbacks/batch_record.ts";
import { MemoryStore } from "../../state/memory.ts";
import { accessRecord } from "../../telemetry/access_log.ts";
import { ATTR } from "../../telemetry/attributes.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import {
  callbackGateway,
  oldBatchId,
  RECIPIENT,
  recipientReport,
  SETTINGS,
  signed,
} from "../callbacks/kit.ts";
import { parseMetrics, samplesOf, type Scrape } from "../observability/prometheus_text.ts";
import { jsonReply, type TestGateway, testGateway } from "../support/gateway.ts";

async function metricsOf({ exchanges }: TestGateway): Promise<Scrape> {
  const metrics = new Metrics({
    resource: {},
    push: undefined,
    callbacks: true,
  });
  for (const exchange of exchanges) metrics.finished(exchange, 1);
  return parseMetrics(await metrics.prometheus());
}

/** The samples of a metric, each as its labels and its value. */
function seriesOf(scrape: Scrape, name: string): string[] {
  return samplesOf(scrape, name).map(({ labels: { otel_scope_name: _, ...labels }, value }) =>
    `${
      Object.entries(labels).map(([label, of]) => `${label}=${of}`).toSorted().join(" ")
    }: ${value}`
  ).toSorted();
}

Deno.test("the SERVER span of a callback links to the send, and has what was reported", async () => {
  const { gateway, post, send } = await callbackGateway();
  const batchId = await send("billing");
  const at = new Date(Date.now() + 90_000).toISOString();
  await post(signed(recipientReport(batchId, { code: 402, status: "Aborted", at })));
  const [sent, callback] = gateway.spans.filter(({ kind }) => kind === SpanKind.SERVER);
  assert(sent && callback);
  assertEquals(callback.links.map(({ context }) => context.spanId), [sent.spanContext().spanId]);
  assertEquals(callback.links[0]?.context.traceId, sent.spanContext().traceId);
  assertEquals(sent.attributes[ATTR.batchId], batchId);
  const { [ATTR.sinceSend]: sinceSend, ...attributes } = callback.attributes;
  assert(typeof sinceSend === "number" && sinceSend >= 0 && sinceSend < 30);
  const expected = {
    "http.route": "/callbacks/{service_plan_id}",
    "url.path": "/callbacks/plan-1",
    "http.response.status_code": 200,
    [ATTR.servicePlanId]: "plan-1",
    [ATTR.batchId]: batchId,
    [ATTR.callbackType]: "recipient_delivery_report_sms",
    [ATTR.callbackOutcome]: "relayed",
    [ATTR.callbackRelay]: "billing",
    [ATTR.deliveryStatus]: "Aborted",
    [ATTR.deliveryCode]: 402,
    [ATTR.deliveryCodeName]: "Message unroutable",
  };
  for (const [name, value] of Object.entries(expected)) assertEquals(attributes[name], value, name);
  assertEquals(callback.name, "POST /callbacks/{service_plan_id}");
  const client = gateway.spans.find(({ name }) => name === "POST relay billing");
  assertEquals(client?.parentSpanContext?.spanId, callback.spanContext().spanId);
  assertEquals(client?.attributes["http.response.status_code"], 204);
  assertEquals(client?.attributes["url.full"], "https://billing.test/REDACTED");
});

Deno.test("neither spans, log records nor metrics have a number, text or secret of a callback", async () => {
  const pathSecret = "path-secret-0123456789";
  const settings = {
    ...SETTINGS,
    plans: { "plan-1": { hmac: "kayak-secret", path_secret: pathSecret } },
  };
  const { gateway, post } = await callbackGateway({ settings });
  const path = `/callbacks/plan-1/${pathSecret}`;
  const sign = (callback: unknown) => signed(callback, { secret: "kayak-secret" });
  await post(sign(recipientReport(oldBatchId())), path);
  await post(sign(recipientReport(RECIPIENT)), path); // an id that looks like a number
  await post(
    sign({ type: "mo_text", id: "01", from: RECIPIENT, to: RECIPIENT, body: "Hush" }),
    path,
  );
  await post(sign({ type: RECIPIENT, status: RECIPIENT, code: Number(RECIPIENT) }), path);
  await post(signed(recipientReport(oldBatchId())), path);
  await post(sign(recipientReport(oldBatchId())), `/callbacks/${RECIPIENT}/${pathSecret}`);
  await post(sign(recipientReport(oldBatchId())), `/callbacks/plan-1/${pathSecret}/more`);
  const statuses = gateway.exchanges.map(({ status }) => status);
  assertEquals(statuses, [200, 200, 200, 200, 401, 401, 404]);
  const recorded = JSON.stringify([
    gateway.spans.map(({ name, attributes, events }) => [name, attributes, events]),
    gateway.exchanges.map((exchange) => accessRecord(exchange, 1)),
    seriesOf(await metricsOf(gateway), "sms_gateway_callbacks_total"),
    seriesOf(await metricsOf(gateway), "sms_gateway_deliveries_total"),
  ]);
  for (const secret of [RECIPIENT, "Hush", pathSecret, "in-the-url", "kayak-secret"]) {
    assertEquals(recorded.includes(secret), false, secret);
  }
});

Deno.test("callbacks, deliveries, their time and the attempts to relay them are counted", async () => {
  let answer = 204;
  const { gateway, post, send } = await callbackGateway({ service: () => answer });
  const batchId = await send("billing");
  const at = new Date(Date.now() + 45_000).toISOString();
  const report = recipientReport(batchId, { at });
  await post(signed(report));
  await post(signed(report));
  await post(signed(recipientReport(batchId, { code: 402, status: "Aborted" })));
  const statuses = [{ code: 0, status: "Delivered", count: 7 }, {
    code: 1,
    status: "Failed",
    count: 2,
  }];
  await post(signed({ type: "delivery_report_sms", batch_id: batchId, statuses }));
  answer = 400;
  await post(signed(recipientReport(batchId, { code: 401, status: "Dispatched" })));
  await post(signed(report, { secret: "another" }));
  const metrics = await metricsOf(gateway);
  assertEquals(seriesOf(metrics, "sms_gateway_callbacks_total"), [
    "outcome=duplicate relay=billing type=recipient_delivery_report_sms: 1",
    "outcome=not_taken relay=billing type=recipient_delivery_report_sms: 1",
    "outcome=refused: 1",
    "outcome=relayed relay=billing type=delivery_report_sms: 1",
    "outcome=relayed relay=billing type=recipient_delivery_report_sms: 2",
    "outcome=relayed: 0",
  ]);
  assertEquals(seriesOf(metrics, "sms_gateway_callback_refusals_total"), [
    "reason=wrong_signature: 1",
  ]);
  assertEquals(seriesOf(metrics, "sms_gateway_deliveries_total"), [
    "code=0 status=Delivered: 8",
    "code=1 status=Failed: 2",
    "code=402 status=Aborted: 1",
  ]);
  assertEquals(seriesOf(metrics, "sms_gateway_relay_duration_seconds_count"), [
    "relay=billing result=204: 3",
    "relay=billing result=400: 1",
  ]);
  assertEquals(seriesOf(metrics, "sms_gateway_delivery_time_seconds_count"), [": 1"]);
  const [sum] = samplesOf(metrics, "sms_gateway_delivery_time_seconds_sum");
  assert(sum && sum.value > 40 && sum.value < 50, `${sum?.value}`);
});

Deno.test("deliveries of the mode test are not counted: no message was sent", async () => {
  const POLICIES = JSON.stringify([{ name: "trial", callers: ["billing"], mode: "test" }]);
  const env = { POLICIES, TEST_API_URL: "http://sandbox.test" };
  const { gateway, relayed, post, send } = await callbackGateway({ env });
  await post(signed(recipientReport(await send("billing"))));
  await post(signed(recipientReport(await send("others"), { status: "Failed" })));
  assertEquals(relayed.length, 2);
  const metrics = await metricsOf(gateway);
  assertEquals(seriesOf(metrics, "sms_gateway_deliveries_total"), ["code=0 status=Failed: 1"]);
  assertEquals(seriesOf(metrics, "sms_gateway_delivery_time_seconds_count"), []);
});

Deno.test("without callbacks there are none of their metrics", async () => {
  const metrics = new Metrics({
    resource: {},
    push: undefined,
  });
  const text = await metrics.prometheus();
  assertEquals(/callback|deliver|relay/.test(text), false);
});

Deno.test("a service that does not answer is recorded with the reason", async () => {
  const { gateway, post } = await callbackGateway({
    service: () =>
      Promise.reject(new TransportError(true, "timeout", { cause: new Error("late") })),
  });
  assertEquals((await post(signed(recipientReport(oldBatchId())))).status, 503);
  const { outcome, attempt } = gateway.exchanges[0]?.callback ?? {};
  assertEquals([outcome, attempt?.failure], ["not_taken", "upstream_timeout"]);
});

Deno.test("a batch that was found out links its callbacks to the send whose answer was lost", async () => {
  const store = new MemoryStore();
  const id = oldBatchId();
  const message = { to: [RECIPIENT], body: "Hi", client_reference: "order-1" };
  const listed = { ...message, id, type: "mt_text", created_at: "2100-01-01T00:00:00Z" };
  const gateway = await testGateway({
    env: { CALLBACKS: JSON.stringify(SETTINGS) },
    deps: { store },
    upstream: ({ method }) =>
      method === "GET"
        ? jsonReply(200, { count: 1, batches: [listed] }, { date: new Date().toUTCString() })
        : Promise.reject(new TransportError(true, "timeout", { cause: new Error("late") })),
  });
  const init = {
    method: "POST",
    body: JSON.stringify(message),
    headers: { "content-type": "application/json", "idempotency-key": "key-1" },
    token: { subject: "billing" },
  };
  const statuses = [];
  for (let sends = 0; sends < 2; sends++) {
    statuses.push((await gateway.request("/xms/v1/plan-1/batches", init)).status);
  }
  assertEquals(statuses, [504, 201]);
  const record = await store.read(new RecordKeys(undefined).batch("plan-1", id));
  const { relay, span } = (record && decodeBatchRecord(record.value)) ?? {};
  assertEquals([relay, span?.spanId], [
    "billing",
    gateway.exchanges[0]?.span.spanContext().spanId,
  ]);
});
