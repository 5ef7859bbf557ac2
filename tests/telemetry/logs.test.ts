import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import type { LogRecord } from "@logtape/logtape";
import { TransportError } from "../../errors/transport_error.ts";
import { accessLog, accessRecord, levelOf } from "../../telemetry/access_log.ts";
import { jsonLine, readableLine } from "../../telemetry/log_format.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";

/** All members that an access record may have. */
const MEMBERS = [
  "batch_id",
  "callback",
  "callback_refusal",
  "relay",
  "relay_status",
  "attempts",
  "auth_reason",
  "bytes_in",
  "bytes_out",
  "code",
  "duration_ms",
  "fault",
  "idempotency",
  "oauth_client_id",
  "oauth_outcome",
  "method",
  "origin",
  "parts",
  "path_problem",
  "policy",
  "policy_mode",
  "policy_violations",
  "recipients",
  "request_id",
  "route",
  "service_plan",
  "span_id",
  "status",
  "subject",
  "trace_id",
  "unverified_subject",
  "upstream_cause",
  "upstream_duration_ms",
  "upstream_status",
];

Deno.test("an access record has the principal, the request, its outcome and its duration", async () => {
  const { request, exchanges, spans } = await testGateway({
    upstream: () => jsonReply(403, { code: "unknown_group", text: "t" }),
  });
  const headers = { "content-type": "application/json", "x-request-id": "mine" };
  await request(BATCHES, { method: "POST", headers, body: "{}", token: { subject: "billing" } });
  const [exchange] = exchanges;
  assert(exchange);
  const { duration_ms, upstream_duration_ms, trace_id, span_id, ...record } = accessRecord(
    exchange,
    12.345678,
  );
  assertEquals(record, {
    request_id: "mine",
    subject: "billing",
    service_plan: "plan-1",
    method: "POST",
    route: "/xms/v1/{service_plan_id}/batches",
    status: 403,
    code: "unknown_group",
    origin: "upstream",
    fault: "caller",
    batch_id: undefined,
    callback: undefined,
    callback_refusal: undefined,
    relay: undefined,
    relay_status: undefined,
    auth_reason: undefined,
    path_problem: undefined,
    idempotency: undefined,
    oauth_client_id: undefined,
    oauth_outcome: undefined,
    policy: undefined,
    policy_mode: undefined,
    policy_violations: undefined,
    recipients: undefined,
    parts: undefined,
    unverified_subject: undefined,
    upstream_status: 403,
    upstream_cause: undefined,
    attempts: 1,
    bytes_in: 2,
    bytes_out: record.bytes_out,
  });
  assertEquals(duration_ms, 12.346);
  assert(upstream_duration_ms !== undefined);
  assert(spans.some((span) => span.spanContext().spanId === span_id));
  assertMatch(trace_id, /^[0-9a-f]{32}$/);
});

Deno.test("an access record says what became of a request with a key", async () => {
  const { request, exchanges } = await testGateway({ upstream: () => jsonReply(201, {}) });
  const headers = { "content-type": "application/json", "idempotency-key": "k" };
  for (const body of ["{}", "{}", "[]"]) await request(BATCHES, { method: "POST", headers, body });
  const records = exchanges.map((exchange) => accessRecord(exchange, 1));
  assertEquals(records.map(({ idempotency, attempts }) => [idempotency, attempts]), [
    ["first", 1],
    ["replayed", 0],
    ["reused", 0],
  ]);
});

Deno.test("no log line contains a token, a message, a phone number or a query value", async () => {
  const { request, exchanges, issuer } = await testGateway({
    upstream: () => jsonReply(400, { code: "46701234567", text: "PRIVATE 46701234567" }),
  });
  const token = await issuer.token();
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const body = JSON.stringify({ to: ["46701234567"], body: "PRIVATE" });
  await request(BATCHES, { method: "POST", headers, body });
  for (
    const path of [
      `${BATCHES}?to=46701234567&PRIVATE=1`,
      `${BATCHES}/b/delivery_report/%2B46701234567`,
      "/PRIVATE/46701234567",
      `/xms/v1/46701234567/batches/${token}`,
    ]
  ) await request(path, { headers });
  assertEquals(exchanges.length, 5);
  for (const exchange of exchanges) {
    const record = accessRecord(exchange, 1);
    assertEquals(Object.keys(record).filter((name) => !MEMBERS.includes(name)), []);
    const message = `${record.method} ${record.route} ${record.status}`;
    for (const format of [jsonLine, readableLine]) {
      const line = format({
        category: ["sms-gateway", "access"],
        level: "info",
        message: [message],
        rawMessage: message,
        timestamp: 0,
        properties: { ...record },
      });
      for (const secret of [token, "PRIVATE", "46701234567"]) {
        assert(!line.includes(secret), line);
      }
      assert(!line.includes("\n"));
    }
  }
});

Deno.test("a status below 400 is logged as info, a 4xx as warning and a 5xx as error", () => {
  const levels = [200, 302, 399, 400, 404, 499, 500, 503].map(levelOf);
  assertEquals(levels.join(), "info,info,info,warning,warning,warning,error,error");
});

Deno.test("a streamed 200 that broke off is logged as an error", async () => {
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (c) => c.error(new TransportError(true, "network", { cause: 0 })),
  });
  const { request, exchanges } = await testGateway({
    upstream: () => ({ status: 200, headers: [], body }),
  });
  await (await request(BATCHES)).bytes().catch(() => {});
  await exchanges[0]?.streamed?.catch(() => {});
  const records: LogRecord[] = [];
  accessLog((record) => void records.push(record)).finished(exchanges[0]!, 1);
  const { level, properties } = records[0]!;
  assertEquals(
    [level, properties.status, properties.code, properties.origin],
    ["error", 200, "upstream_connection_lost", "gateway"],
  );
});

Deno.test("the message of a record is the method, the route and the status", async () => {
  const { request, exchanges } = await testGateway();
  await request(BATCHES);
  await request("/nothing/PRIVATE", { token: null });
  const messages: string[] = [];
  const log = accessLog((record) => void messages.push(String(record.rawMessage)));
  for (const exchange of exchanges) log.finished(exchange, 1);
  assertEquals(messages, [
    "GET /xms/v1/{service_plan_id}/batches 200",
    "GET /REDACTED/REDACTED 404",
  ]);
});

Deno.test("the reason of a refused token is in the record and on the span", async () => {
  const { request, exchanges, spans } = await testGateway();
  await request(BATCHES, { token: null });
  await request(BATCHES, { token: { audience: "another" } });
  await request(BATCHES, { token: { expiresInS: -60, subject: "billing" } });
  const records = exchanges.map((exchange) => accessRecord(exchange, 1));
  assertEquals(
    records.map(({ auth_reason, fault, unverified_subject }) => [
      auth_reason,
      fault,
      unverified_subject,
    ]),
    [
      ["missing", "caller", undefined],
      ["audience", "caller", undefined],
      ["expired", "caller", "billing"],
    ],
  );
  const { attributes } = spans.at(-1)!;
  assertEquals(attributes["sms_gateway.auth.reason"], "expired");
  assertEquals(attributes["sms_gateway.auth.unverified_subject"], "billing");
  assertEquals(attributes["enduser.id"], undefined);
});

Deno.test("a long subject is truncated, so that the memory of buffered lines is bounded", async () => {
  const { request, exchanges } = await testGateway();
  await request(BATCHES, { token: { subject: "s".repeat(5_000) } });
  assertEquals(accessRecord(exchanges[0]!, 1).subject?.length, 1_024);
});

Deno.test("control characters of a subject never reach the log", () => {
  const record: LogRecord = {
    category: ["sms-gateway"],
    level: "info",
    message: ["m"],
    rawMessage: "m",
    timestamp: 0,
    properties: { subject: "a\x1b[31mb\x9b31mc\x85d\u2028e\x7f" },
  };
  for (const line of [jsonLine(record), readableLine(record)]) {
    // deno-lint-ignore no-control-regex -- asserts that there are no control characters
    assertNotMatch(line, /[\x00-\x1f\x7f-\x9f\u2028\u2029]/);
  }
  assertEquals(JSON.parse(jsonLine(record)).subject, record.properties.subject);
});

Deno.test("a log line is one JSON object that starts with time and level", () => {
  const line = jsonLine({
    category: ["sms-gateway"],
    level: "warning",
    message: ["request"],
    rawMessage: "request",
    timestamp: Date.parse("2026-01-02T03:04:05.678Z"),
    properties: { a: 'line\nbreak "quoted"', b: undefined },
  });
  assertEquals(Object.entries(JSON.parse(line)), [
    ["time", "2026-01-02T03:04:05.678Z"],
    ["level", "warning"],
    ["message", "request"],
    ["a", 'line\nbreak "quoted"'],
  ]);
  assertEquals(line.includes("\n"), false);
});
