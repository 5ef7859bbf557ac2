import { assert, assertEquals, assertMatch } from "@std/assert";
import { ATTR } from "../../telemetry/attributes.ts";
import { concurrentRequests } from "../observability/concurrent_requests.ts";
import { type Expected, faultOf, PROVOCATIONS } from "../observability/provocations.ts";
import type { Sent } from "../observability/traced_request.ts";
import { startWorld } from "../observability/world.ts";
import { type JaegerSpan, type JaegerTrace, startJaeger, tagsOf } from "../support/jaeger.ts";

const SERVICE = "sms-gateway";

const jaeger = await startJaeger();
if (!jaeger) {
  const missing = "no Jaeger: set JAEGER_BIN, for example to what .ci/install-jaeger prints";
  if (Deno.env.get("CI")) throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`skipped: ${missing}`);
}

Deno.test("Jaeger has the trace of every request, and finds it by its error attributes", {
  ignore: !jaeger,
}, async (t) => {
  await using there = jaeger!;
  const otlpEndpoint = there.otlpEndpoint;
  await using world = await startWorld({ otlpEndpoint });
  const sent =
    (await Promise.all([world.provoke(PROVOCATIONS), concurrentRequests({ otlpEndpoint })])).flat();
  await world.stop(); // exports the remaining spans
  for (const one of sent) {
    await t.step(one.name, async () => {
      assertAnswered(one);
      const trace = await there.trace(one.traceId, { spans: 1 + one.expected.attempts.length });
      assertTraced(one, trace);
    });
  }
  for (const [name, tags, matches] of searches(sent)) {
    await t.step(`a search for ${name} finds exactly the matching traces`, async () => {
      const found = await there.search({ service: SERVICE, tags });
      const nameOf = new Map(sent.map(({ traceId, name }) => [traceId, name]));
      assertEquals(
        found.map(({ traceID }) => nameOf.get(traceID) ?? traceID).toSorted(),
        sent.filter(matches).map(({ name }) => name).toSorted(),
      );
    });
  }
});

/** Fails unless the caller got the expected answer. */
function assertAnswered({ answer, requestId, expected }: Sent): void {
  if (!answer) return assertEquals(expected.status, 499);
  assertEquals(answer.status, expected.status);
  assertEquals(answer.headers.get("x-request-id"), requestId);
  if (expected.status < 400) return;
  assertEquals(answer.headers.get("x-error-origin"), expected.origin ?? null);
  if (expected.status !== 404) assertEquals(JSON.parse(answer.body).code, expected.code);
}

function assertTraced(sent: Sent, trace: JaegerTrace): void {
  const { expected } = sent;
  const spans = trace.spans.toSorted((a, b) => a.startTime - b.startTime);
  const server = spans.filter((span) => tagsOf(span.tags)["span.kind"] === "server");
  const clients = spans.filter((span) => tagsOf(span.tags)["span.kind"] === "client");
  assertEquals([server.length, clients.length], [1, expected.attempts.length]);
  assertEquals(spans.length, 1 + clients.length);
  assertServerSpan(server[0]!, sent);
  for (const [index, attempt] of expected.attempts.entries()) {
    assertClientSpan(clients[index]!, { attempt, index, sent, parent: server[0]! });
  }
  for (const { serviceName } of Object.values(trace.processes)) assertEquals(serviceName, SERVICE);
}

function assertServerSpan(span: JaegerSpan, sent: Sent): void {
  const { expected, method, traceId, parentSpanId, requestId, plan } = sent;
  const { status, code, origin, route } = expected;
  const known = method === "PURGE" ? "HTTP" : method;
  assertEquals(span.operationName, route ? `${known} ${route}` : known);
  assertEquals(span.references, [{ refType: "CHILD_OF", traceID: traceId, spanID: parentSpanId }]);
  const tags = tagsOf(span.tags);
  const planRecorded = hasPlan(sent);
  const failed = isServerError(expected);
  assertEquals(
    Object.fromEntries(SERVER_TAGS.map((name) => [name, tags[name]])),
    {
      "http.request.method": method === "PURGE" ? "_OTHER" : method,
      "http.response.status_code": status,
      "http.route": route,
      [ATTR.errorCode]: code,
      [ATTR.errorOrigin]: origin,
      [ATTR.errorFault]: faultOf(expected),
      [ATTR.requestId]: requestId,
      [ATTR.servicePlanId]: planRecorded ? plan : undefined,
      "error.type": status < 400 && failed ? code : failed ? String(status) : undefined,
      error: failed || undefined,
      "otel.status_code": failed ? "ERROR" : undefined,
    },
  );
  assertException(span, expected.exception);
}

const SERVER_TAGS = [
  "http.request.method",
  "http.response.status_code",
  "http.route",
  ATTR.errorCode,
  ATTR.errorOrigin,
  ATTR.errorFault,
  ATTR.requestId,
  ATTR.servicePlanId,
  "error.type",
  "error",
  "otel.status_code",
] as const;

/** An attempt at the upstream, its index and its parent span. */
interface Attempt {
  readonly attempt: Expected["attempts"][number];
  readonly index: number;
  readonly sent: Sent;
  readonly parent: JaegerSpan;
}

function assertClientSpan(span: JaegerSpan, { attempt, index, sent, parent }: Attempt): void {
  const { method, expected: { route } } = sent;
  assertEquals(span.operationName, `${method} ${route}`);
  assertEquals(span.references, [
    { refType: "CHILD_OF", traceID: sent.traceId, spanID: parent.spanID },
  ]);
  const tags = tagsOf(span.tags);
  const failed = typeof attempt === "string" || attempt >= 400;
  assertEquals(
    Object.fromEntries(CLIENT_TAGS.map((name) => [name, tags[name]])),
    {
      "http.request.method": method,
      "http.response.status_code": typeof attempt === "number" ? attempt : undefined,
      "url.template": route,
      "http.request.resend_count": index > 0 ? index : undefined,
      "error.type": failed ? String(attempt) : undefined,
      error: failed || undefined,
      "otel.status_code": failed ? "ERROR" : undefined,
    },
  );
  assertException(span, typeof attempt === "string" ? /./ : undefined);
}

const CLIENT_TAGS = [
  "http.request.method",
  "http.response.status_code",
  "url.template",
  "http.request.resend_count",
  "error.type",
  "error",
  "otel.status_code",
] as const;

function assertException({ logs }: JaegerSpan, type: RegExp | undefined): void {
  const events = logs.map(({ fields }) => tagsOf(fields));
  if (!type) return assertEquals(events, []);
  assertEquals(events.map(({ event }) => event), ["exception"]);
  assertMatch(`${events[0]!["exception.type"]}`, type);
  assert(`${events[0]!["exception.stacktrace"] ?? ""}`.length >= 0);
}

/** A 5xx, or an answer that broke off after its status had been sent. */
function isServerError({ status, code }: Expected): boolean {
  return status >= 500 || (status < 400 && code !== undefined);
}

type Search = readonly [
  name: string,
  tags: Readonly<Record<string, string | number | boolean>>,
  matches: (sent: Sent) => boolean,
];

const FAULTS = ["caller", "gateway", "upstream", "issuer"] as const;

function searches(sent: readonly Sent[]): Search[] {
  const statuses = new Set(sent.map(({ expected }) => expected.status));
  const codes = new Set(sent.flatMap(({ expected: { code } }) => code ?? []));
  const server = { "span.kind": "server" };
  return [
    ...[...statuses].map((status): Search => [
      `http.response.status_code=${status}`,
      { "http.response.status_code": status },
      ({ expected }) => expected.status === status || expected.attempts.includes(status),
    ]),
    ...[...statuses].map((status): Search => [
      `http.response.status_code=${status} of the gateway`,
      { "http.response.status_code": status, ...server },
      ({ expected }) => expected.status === status,
    ]),
    ...[...codes].map((code): Search => [
      `${ATTR.errorCode}=${code}`,
      { [ATTR.errorCode]: code },
      ({ expected }) => expected.code === code,
    ]),
    ...FAULTS.map((fault): Search => [
      `failures of plan-1 with the fault ${fault}, including 4xx`,
      { [ATTR.servicePlanId]: "plan-1", [ATTR.errorFault]: fault },
      (one) => one.plan === "plan-1" && hasPlan(one) && faultOf(one.expected) === fault,
    ]),
    ...(["gateway", "upstream"] as const).map((origin): Search => [
      `${ATTR.errorOrigin}=${origin}`,
      { [ATTR.errorOrigin]: origin },
      ({ expected }) => expected.origin === origin,
    ]),
    [
      "error=true",
      { error: true },
      ({ expected }) =>
        isServerError(expected) ||
        expected.attempts.some((one) => typeof one === "string" || one >= 400),
    ],
    [
      "error=true of the gateway",
      { error: true, ...server },
      ({ expected }) => isServerError(expected),
    ],
    ...["plan-1", "plan-2"].map((plan): Search => [
      `service plan ${plan}`,
      { [ATTR.servicePlanId]: plan },
      (one) => one.plan === plan && hasPlan(one),
    ]),
    [
      "failures of plan-2",
      { [ATTR.servicePlanId]: "plan-2", error: true },
      (one) => one.plan === "plan-2" && hasPlan(one) && isServerError(one.expected),
    ],
    ...sent.slice(0, 3).map((one): Search => [
      `the request id of "${one.name}"`,
      { [ATTR.requestId]: one.requestId },
      ({ requestId }) => requestId === one.requestId,
    ]),
  ];
}

/** Whether the service plan of the request was recorded. */
function hasPlan({ expected: { route, origin, status, code } }: Sent): boolean {
  const early = origin === "gateway" && (status === 405 || code === "overloaded");
  return route !== undefined && !early;
}
