import { assert, assertEquals, assertMatch } from "@std/assert";
import { VERSION } from "../../version.ts";
import { answering, rawReply, rawUpstream, refusedPort } from "../support/raw_upstream.ts";
import { startGateway } from "./gateway_process.ts";
import { otlpSink } from "./otlp_sink.ts";
import { faultOf, PROVOCATIONS } from "./provocations.ts";
import { issuer, send, type Sent } from "./traced_request.ts";
import { startWorld } from "./world.ts";

/** Type of every field; a question mark marks an optional one. */
const FIELDS: Readonly<Record<string, string>> = {
  time: "string",
  level: "string",
  message: "string",
  request_id: "string",
  trace_id: "string",
  span_id: "string",
  subject: "string?",
  service_plan: "string?",
  method: "string",
  route: "string",
  status: "number",
  code: "string?",
  origin: "string?",
  fault: "string?",
  auth_reason: "string?",
  unverified_subject: "string?",
  path_problem: "string?",
  idempotency: "string?",
  oauth_client_id: "string?",
  oauth_outcome: "string?",
  upstream_status: "number?",
  upstream_cause: "string?",
  duration_ms: "number",
  upstream_duration_ms: "number?",
  attempts: "number",
  bytes_in: "number",
  bytes_out: "number?",
};

type Line = Readonly<Record<string, unknown>>;

const linesOf = (stdout: string): Line[] => {
  const lines: Line[] = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
  return lines.filter(({ request_id }) => request_id !== undefined);
};

Deno.test("every request has one JSON log line with its outcome, its principal and its duration", async (t) => {
  await using sink = otlpSink();
  await using world = await startWorld({ otlpEndpoint: sink.url });
  // The gateway with a bug runs in this process and has no log.
  const sent = await world.provoke(PROVOCATIONS.filter(({ gateway }) => gateway !== "faulty"));
  const { stdout, stderr } = await world.stop();
  assertEquals(stderr, "");
  const lines = Map.groupBy(linesOf(stdout), ({ request_id }) => request_id);
  assertEquals(lines.size, sent.length);
  for (const one of sent) {
    await t.step(one.name, () => {
      const [line, ...more] = lines.get(one.requestId) ?? [];
      assert(line && more.length === 0, `${more.length + 1} lines`);
      assertTypes(line);
      assertSays(line, one);
      const span = sink.spans().find(({ spanId }) => spanId === line.span_id);
      assertEquals([span?.traceId, span?.kind], [one.traceId, 2]);
    });
  }
});

function assertTypes(line: Line): void {
  assertEquals(Object.keys(line).filter((name) => !Object.hasOwn(FIELDS, name)), []);
  for (const [name, type] of Object.entries(FIELDS)) {
    if (type.endsWith("?") && !(name in line)) continue;
    assertEquals(typeof line[name], type.replace("?", ""), name);
  }
  assertMatch(String(line.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
}

function assertSays(line: Line, { expected, method, traceId, plan, bytesIn, answer }: Sent): void {
  const { status, code, origin, route, attempts } = expected;
  const forwarded = attempts.length > 0;
  assertEquals(
    { ...line, ...IGNORED },
    {
      ...IGNORED,
      level: levelOf(status, code),
      message: `${method} ${route ?? line.route} ${status}`,
      trace_id: traceId,
      method,
      route: route ?? line.route,
      status,
      ...(code && { code, origin, fault: faultOf(expected) }),
      ...(status === 401 && { auth_reason: line.auth_reason }),
      ...(line.auth_reason === "expired" && { unverified_subject: "billing" }),
      ...(typeof attempts.at(-1) === "string" && { upstream_cause: line.upstream_cause }),
      ...(line.path_problem !== undefined && { path_problem: "repeated_slash" }),
      attempts: attempts.length,
      ...(line.subject !== undefined && { subject: "billing" }),
      ...(line.service_plan !== undefined && { service_plan: plan }),
      ...(typeof attempts.at(-1) === "number" && { upstream_status: attempts.at(-1) }),
      ...(line.upstream_duration_ms !== undefined &&
        { upstream_duration_ms: line.upstream_duration_ms }),
      ...(line.bytes_out !== undefined && { bytes_out: line.bytes_out }),
    },
  );
  assertEquals(line.upstream_duration_ms !== undefined, forwarded);
  assertEquals(line.auth_reason !== undefined, status === 401);
  assertEquals(line.upstream_cause !== undefined, typeof attempts.at(-1) === "string");
  assert(!forwarded || Number(line.upstream_duration_ms) <= Number(line.duration_ms));
  assert(!forwarded || (line.subject === "billing" && line.service_plan === plan));
  assertEquals(line.bytes_in, forwarded ? bytesIn : 0);
  if (status < 400 && code === undefined) assertEquals(line.bytes_out, answer?.body.length);
}

/** Compared separately, or different in every run. */
const IGNORED = { time: "", request_id: "", span_id: "", duration_ms: 0, bytes_in: 0 };

/** Info for a success, warning for the caller's fault, error for the operator's. */
function levelOf(status: number, code: string | undefined): string {
  if (code === undefined) return "info";
  return status >= 400 && status < 500 ? "warning" : "error";
}

/** Log level → the statuses whose lines are logged. */
const LEVELS: readonly [level: string, statuses: number[]][] = [
  ["debug", [200, 401, 503]],
  ["info", [200, 401, 503]],
  ["warning", [401, 503]],
  ["error", [503]],
];

for (const [level, statuses] of LEVELS) {
  Deno.test(`with LOG_LEVEL ${level} only requests with status ${statuses.join(", ")} are logged`, async () => {
    const stdout = await threeRequests({ LOG_LEVEL: level });
    const lines = stdout.includes("{") ? linesOf(stdout) : [];
    assertEquals(lines.map(({ status }) => status), statuses);
  });
}

Deno.test("with LOG_FORMAT text each line has the status, the origin, the durations and the trace id", async () => {
  const stdout = await threeRequests({ LOG_FORMAT: "text" });
  const lines = stdout.trimEnd().split("\n");
  const [route, timed] = ["GET /xms/v1/{service_plan_id}/batches", String.raw`[\d.]+ ms`];
  const patterns = [
    `info +listening url=http://127.0.0.1:.* upstream=http.* traces=not exported state=memory version=${VERSION}`,
    `200 ok ${route} ${timed}, SMS API ${timed} id [\\w-]+ trace [0-9a-f]{32}`,
    `401 unauthorized \\(refused by gateway, fault: caller\\) ${route} ${timed} id [\\w-]+ trace [0-9a-f]{32}`,
    `503 service_unavailable \\(refused by upstream, fault: upstream\\) ${route} ${timed}, SMS API ${timed} id [\\w-]+ trace .*`,
    `info +stopped`,
  ];
  assertEquals(lines.length, patterns.length, stdout);
  for (const [index, pattern] of patterns.entries()) {
    assertMatch(
      lines[index] ?? "",
      new RegExp(`^[0-9:.]{12} ${
        pattern.replace(/[{}]/g, "[{}]")
          .replaceAll("[{}]32[{}]", "{32}")
      }$`),
    );
  }
});

/** Standard output of a gateway that answers 200, 401 and 503. */
async function threeRequests(env: Record<string, string>): Promise<string> {
  const replies = [rawReply(200, "{}"), rawReply(503, "{}")];
  await using upstream = await rawUpstream(async (connection) => {
    while (await connection.readRequest()) await connection.write(replies.shift() ?? "");
  });
  await using gateway = await startGateway({
    upstream: upstream.url,
    issuer,
    env: { PORT: String(refusedPort()), ...env },
  });
  const request = {
    name: "",
    method: "GET",
    target: "/xms/v1/plan-1/batches",
    plan: "plan-1",
    expected: { status: 200, attempts: [] },
  };
  for (const more of [{}, { token: null }, {}]) await send(gateway.port, { ...request, ...more });
  return (await gateway.stop()).stdout;
}

Deno.test("a log that nothing reads blocks neither the answers nor the exit of the process", async () => {
  await using upstream = await rawUpstream(answering(rawReply(200, "{}")));
  await using gateway = await startGateway({ upstream: upstream.url, issuer });
  const url = `${gateway.url}/xms/v1/plan-1/batches`;
  const headers = { authorization: `Bearer ${await issuer.token()}` };
  // A line has about 400 bytes and the pipe holds 64 KiB, so most lines are never written.
  for (let sent = 0; sent < 1_000; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(url, { headers })));
    for (const answer of answers) assertEquals([answer.status, await answer.text()], [200, "{}"]);
  }
  const { code } = await gateway.stop(); // reads the pipe only after the process has ended
  assertEquals(code, 0);
});
