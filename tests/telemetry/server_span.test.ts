import { type AttributeValue, SpanKind, SpanStatusCode } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { TransportError } from "../../errors/transport_error.ts";
import { jsonReply, type TestGateway, testGateway } from "../support/gateway.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const ROUTE = "/xms/v1/{service_plan_id}/batches";
const ONCE = { RETRY_ATTEMPTS: "0" };

/** The spans of a request; there is no CLIENT span if nothing was forwarded. */
function spansOf({ spans }: TestGateway): { server: ReadableSpan; client?: ReadableSpan } {
  const [server, ...more] = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  const [client, ...retries] = spans.filter(({ kind }) => kind === SpanKind.CLIENT);
  assert(server && more.length === 0 && retries.length === 0, `${spans.length} spans`);
  return { server, ...(client && { client }) };
}

const attributesOf = (span: ReadableSpan, names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, span.attributes[name]]));

Deno.test("a success has a SERVER span by the HTTP semantic conventions, with a CLIENT span as its child", async () => {
  const gateway = await testGateway();
  await gateway.request(BATCHES, {
    token: { subject: "billing" },
    headers: { "user-agent": "tests/1", host: "gateway.test:8080", "x-request-id": "mine" },
  });
  const { server, client } = spansOf(gateway);
  assert(client);

  assertEquals(server.name, `GET ${ROUTE}`);
  assertEquals(server.status.code, SpanStatusCode.UNSET);
  assertEquals(server.attributes, {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "http.route": ROUTE,
    "url.path": BATCHES,
    "url.scheme": "http",
    "server.address": "gateway.test",
    "server.port": 8080,
    "user_agent.original": "tests/1",
    "sms_gateway.request_id": "mine",
    "sms_gateway.service_plan_id": "plan-1",
    "enduser.id": "billing",
  });

  assertEquals(client.name, `GET ${ROUTE}`);
  assertEquals(client.status.code, SpanStatusCode.UNSET);
  assertEquals(client.attributes, {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "server.address": "upstream.test",
    "server.port": 80,
    "url.full": `http://upstream.test${BATCHES}`,
    "url.template": ROUTE,
  });
  assertEquals(client.parentSpanContext?.spanId, server.spanContext().spanId);
  assertEquals(client.spanContext().traceId, server.spanContext().traceId);
});

interface Outcome {
  readonly name: string;
  readonly reply?: () => ReturnType<typeof jsonReply> | Promise<never>;
  readonly path?: string;
  readonly init?: Parameters<TestGateway["request"]>[1];
  readonly server: { name: string; status: number; error?: string; code: string; origin: string };
  /** Absent: nothing was forwarded. */
  readonly client?: { status?: number; error: string };
}

const failing = (sent: boolean, reason: TransportError["reason"]) => () =>
  Promise.reject(
    new TransportError(sent, reason, {
      cause: Object.assign(new Error("why"), { code: "ECAUSE" }),
    }),
  );

const OUTCOMES: readonly Outcome[] = [
  {
    name: "a request without a token",
    init: { token: null },
    server: { name: `GET ${ROUTE}`, status: 401, code: "unauthorized", origin: "gateway" },
  },
  {
    name: "an unknown path",
    path: "/nowhere",
    server: { name: "GET", status: 404, code: "not_found", origin: "gateway" },
  },
  {
    name: "a wrong method",
    init: { method: "PATCH" },
    server: { name: `PATCH ${ROUTE}`, status: 405, code: "method_not_allowed", origin: "gateway" },
  },
  {
    name: "a wrong content type",
    init: { method: "POST", body: "{}", headers: { "content-type": "text/plain" } },
    server: {
      name: `POST ${ROUTE}`,
      status: 415,
      code: "unsupported_media_type",
      origin: "gateway",
    },
  },
  {
    name: "an upstream 403",
    reply: () => jsonReply(403, { code: "unknown_group", text: "t" }),
    server: { name: `GET ${ROUTE}`, status: 403, code: "unknown_group", origin: "upstream" },
    client: { status: 403, error: "403" },
  },
  {
    name: "an upstream 404",
    reply: () => jsonReply(404, {}),
    server: { name: `GET ${ROUTE}`, status: 404, code: "not_found", origin: "upstream" },
    client: { status: 404, error: "404" },
  },
  {
    name: "an upstream 429",
    reply: () => jsonReply(429, {}),
    server: { name: `GET ${ROUTE}`, status: 429, code: "too_many_requests", origin: "upstream" },
    client: { status: 429, error: "429" },
  },
  {
    name: "an upstream 500",
    reply: () => jsonReply(500, {}),
    server: {
      name: `GET ${ROUTE}`,
      status: 500,
      error: "500",
      code: "internal_error",
      origin: "upstream",
    },
    client: { status: 500, error: "500" },
  },
  {
    name: "an upstream 401",
    reply: () => jsonReply(401, {}),
    server: {
      name: `GET ${ROUTE}`,
      status: 503,
      error: "503",
      code: "upstream_credentials_rejected",
      origin: "upstream",
    },
    client: { status: 401, error: "401" },
  },
  {
    name: "a connection that was refused",
    reply: failing(false, "network"),
    server: {
      name: `GET ${ROUTE}`,
      status: 503,
      error: "503",
      code: "upstream_unreachable",
      origin: "gateway",
    },
    client: { error: "upstream_unreachable" },
  },
  {
    name: "an upstream that does not answer in time",
    reply: failing(true, "timeout"),
    server: {
      name: `GET ${ROUTE}`,
      status: 504,
      error: "504",
      code: "upstream_timeout",
      origin: "gateway",
    },
    client: { error: "upstream_timeout" },
  },
  {
    name: "a bug",
    reply: () => Promise.reject(new TypeError("PRIVATE")),
    server: {
      name: `GET ${ROUTE}`,
      status: 502,
      error: "502",
      code: "internal_error",
      origin: "gateway",
    },
    client: { error: "internal_error" },
  },
];

for (const { name, reply, path = BATCHES, init, server: expected, client: sent } of OUTCOMES) {
  Deno.test(`${name} has a SERVER span with the code ${expected.code} and the origin ${expected.origin}`, async () => {
    const gateway = await testGateway({ env: ONCE, ...(reply && { upstream: reply }) });
    await gateway.request(path, init);
    const { server, client } = spansOf(gateway);

    assertEquals(server.name, expected.name);
    const names = [
      "http.response.status_code",
      "sms_gateway.error.code",
      "sms_gateway.error.origin",
      "error.type",
    ];
    assertEquals(
      attributesOf(server, names),
      {
        "http.response.status_code": expected.status,
        "sms_gateway.error.code": expected.code,
        "sms_gateway.error.origin": expected.origin,
        "error.type": expected.error,
      } as Record<string, AttributeValue | undefined>,
    );
    // A 4xx leaves a SERVER span's status unset, a 5xx sets ERROR (semantic conventions 1.44).
    const serverStatus = expected.status >= 500 ? SpanStatusCode.ERROR : SpanStatusCode.UNSET;
    assertEquals(server.status.code, serverStatus);

    assertEquals(client !== undefined, sent !== undefined);
    if (!client || !sent) return;
    assertEquals(client.status.code, SpanStatusCode.ERROR);
    assertEquals(client.attributes["error.type"], sent.error);
    assertEquals(client.attributes["http.response.status_code"], sent.status);
  });
}

Deno.test("a failure's private cause is an exception event on both spans, never in the answer", async () => {
  const gateway = await testGateway({ env: ONCE, upstream: failing(true, "network") });
  const response = await gateway.request(BATCHES);
  assertNotMatch(await response.text(), /ECAUSE|why/);
  const { server, client } = spansOf(gateway);
  assertEquals(server.events.map((event) => event.name), ["exception"]);
  assertEquals(server.events[0]?.attributes?.["exception.type"], "ECAUSE");
  assertEquals(server.events[0]?.attributes?.["exception.message"], "why");
  assertEquals(client?.events.map((event) => event.name), ["exception"]);
});

Deno.test("the cause of a refused token is on the span, without the token", async () => {
  const gateway = await testGateway();
  const token = await gateway.issuer.token({ expiresInS: -60 });
  await gateway.request(BATCHES, { headers: { authorization: `Bearer ${token}` } });
  const { server } = spansOf(gateway);
  assertEquals(server.events[0]?.attributes?.["exception.type"], "ERR_JWT_EXPIRED");
  assertEquals(JSON.stringify(server.events).includes(token), false);
});

Deno.test("the message of an unexpected error is on no span, as it may quote the request", async () => {
  const gateway = await testGateway({ upstream: () => Promise.reject(new TypeError("PRIVATE")) });
  await gateway.request(BATCHES);
  for (const span of gateway.spans) {
    assertEquals(span.events[0]?.attributes?.["exception.type"], "TypeError");
    assertNotMatch(JSON.stringify([span.events, span.status, span.attributes]), /PRIVATE/);
  }
});

Deno.test("no span contains a token, a message, a phone number or a query value", async () => {
  const gateway = await testGateway({
    upstream: ({ method }) =>
      method === "POST"
        ? jsonReply(400, { code: "c", text: "Bad MSISDN 46701234567 in 'PRIVATE message'" })
        : jsonReply(200, { body: "PRIVATE", to: ["46701234567"] }),
  });
  const token = await gateway.issuer.token();
  const headers = {
    authorization: `Bearer ${token}`,
    "content-type": "application/json",
    cookie: "PRIVATE=1",
  };
  const body = JSON.stringify({ to: ["46701234567"], body: "PRIVATE message" });
  for (
    const [method, path] of [
      ["POST", BATCHES],
      ["POST", `${BATCHES}?client_reference=PRIVATE`],
      ["GET", `${BATCHES}?to=46701234567&PRIVATE=1&from=%2B46701234567`],
      ["GET", `${BATCHES}/b/delivery_report/46701234567`],
      ["GET", `${BATCHES}/b/delivery_report/%2B46701234567`],
      ["GET", `${BATCHES}/46701234567`],
      ["GET", "/PRIVATE/46701234567"],
      ["GET", `/xms/v1/plan-1/batches/${token}`],
      ["PURGE", `${BATCHES}/b/delivery_report/46701234567`],
    ] as const
  ) await gateway.request(path, { method, headers, ...(method === "POST" && { body }) });
  const recorded = JSON.stringify(
    gateway.spans.map(({ name, attributes, events, status }) => [name, attributes, events, status]),
  );
  assertEquals(gateway.spans.length, 9 + 6);
  for (const secret of ["46701234567", "PRIVATE", token, "credential-of-plan-1", "eyJ"]) {
    assertEquals(recorded.includes(secret), false, secret);
  }
  assert(recorded.includes("delivery_report/REDACTED"));
});

Deno.test("the span of an unknown method is named HTTP", async () => {
  const gateway = await testGateway();
  await gateway.request("/nowhere", { method: "PURGE" });
  const { server } = spansOf(gateway);
  assertEquals(server.name, "HTTP");
  assertEquals(server.attributes["http.request.method"], "_OTHER");
  assertEquals(server.attributes["http.request.method_original"], "PURGE");
});

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CALLER = `00-${TRACE_ID}-b7ad6b7169203331-01`;

Deno.test("the caller's trace is continued, and forwarded to the upstream with its tracestate", async () => {
  const gateway = await testGateway();
  await gateway.request(BATCHES, {
    headers: { traceparent: CALLER, tracestate: "vendor=value,other=1" },
  });
  const { server, client } = spansOf(gateway);
  assert(client);
  assertEquals(server.spanContext().traceId, TRACE_ID);
  assertEquals(server.parentSpanContext?.spanId, "b7ad6b7169203331");
  const { headers } = gateway.sent[0] ?? {};
  assertEquals(headers?.traceparent, `00-${TRACE_ID}-${client.spanContext().spanId}-01`);
  assertEquals(headers?.tracestate, "vendor=value,other=1");
});

Deno.test("without a traceparent a new trace is started and forwarded", async () => {
  const gateway = await testGateway();
  await gateway.request(BATCHES);
  assertMatch(gateway.sent[0]?.headers.traceparent ?? "", /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assertEquals(gateway.sent[0]?.headers.tracestate, undefined);
});

for (
  const traceparent of [
    "",
    "00",
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE_ID}-${"0".repeat(16)}-01`,
    `ff-${TRACE_ID}-b7ad6b7169203331-01`,
    `00-${TRACE_ID}-b7ad6b7169203331-01-extra`,
    `${CALLER}, ${CALLER}`,
    `00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`,
    "x".repeat(10_000),
  ]
) {
  Deno.test(`the invalid traceparent ${traceparent.slice(0, 70)} is ignored, and a new trace is started`, async () => {
    const gateway = await testGateway();
    assertEquals((await gateway.request(BATCHES, { headers: { traceparent } })).status, 200);
    const { server } = spansOf(gateway);
    assert(server.spanContext().traceId !== TRACE_ID);
    assertEquals(server.parentSpanContext, undefined);
  });
}

Deno.test("an invalid tracestate is ignored, and the trace is continued", async () => {
  for (const tracestate of ["", "=", "a", ",,,", "a=b=c", "\u00e9=1", "x".repeat(5_000)]) {
    const gateway = await testGateway();
    const headers = { traceparent: CALLER, tracestate };
    assertEquals((await gateway.request(BATCHES, { headers })).status, 200, tracestate);
    assertEquals(spansOf(gateway).server.spanContext().traceId, TRACE_ID);
  }
});

Deno.test("every attempt of a request has its own CLIENT span, retries with their resend count", async () => {
  let tries = 0;
  const gateway = await testGateway({
    upstream: () => ++tries < 2 ? failing(false, "network")() : jsonReply(200, {}),
  });
  assertEquals((await gateway.request(BATCHES)).status, 200);
  const clients = gateway.spans.filter(({ kind }) => kind === SpanKind.CLIENT);
  assertEquals(clients.map((span) => span.attributes["http.request.resend_count"]), [undefined, 1]);
  const spanIds = clients.map((span) => span.spanContext().spanId);
  assertEquals(gateway.sent.map(({ headers }) => headers.traceparent?.split("-")[2]), spanIds);
});

Deno.test("the span of a streamed answer ends with its last byte", async () => {
  let pushed: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ start: (c) => void (pushed = c) });
  const gateway = await testGateway({ upstream: () => ({ status: 200, headers: [], body }) });
  const response = await gateway.request(BATCHES);
  const server = () => gateway.spans.filter(({ kind }) => kind === SpanKind.SERVER);
  assertEquals(server().length, 0);
  pushed?.enqueue(new Uint8Array(3));
  pushed?.close();
  assertEquals((await response.bytes()).byteLength, 3);
  await gateway.exchanges[0]?.streamed;
  assertEquals(server()[0]?.status.code, SpanStatusCode.UNSET);
  assertEquals(gateway.exchanges[0]?.bytesOut, 3);
});

/** How a streamed answer breaks off → the recorded code and whether it is an error. */
const CUTS: readonly [name: string, cut: unknown, code: string, isError: boolean][] = [
  ["is reset", new TransportError(true, "network", { cause: 0 }), "upstream_connection_lost", true],
  ["stalls", new TransportError(true, "timeout", { cause: 0 }), "upstream_timeout", true],
  ["its caller cancels", "gone", "client_closed_request", false],
];

for (const [name, cut, code, isError] of CUTS) {
  Deno.test(`a streamed answer that ${name} keeps its 200 and is recorded as ${code}`, async () => {
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (c) => c.error(cut) });
    const gateway = await testGateway({ upstream: () => ({ status: 200, headers: [], body }) });
    const response = await gateway.request(BATCHES);
    await response.bytes().catch(() => {});
    await gateway.exchanges[0]?.streamed?.catch(() => {});
    const { server } = spansOf(gateway);
    assertEquals(server.attributes["http.response.status_code"], 200);
    assertEquals(server.attributes["sms_gateway.error.code"], code);
    assertEquals(server.attributes["error.type"], isError ? code : undefined);
    assertEquals(server.status.code === SpanStatusCode.ERROR, isError);
  });
}
