import { assert, assertEquals } from "@std/assert";
import { TransportError } from "../../errors/transport_error.ts";
import { mayRetry, type Outcome, RetryBudget, retryDelayMs } from "../../upstream/retry.ts";
import { jsonReply, testGateway } from "../support/gateway.ts";

const METHODS = ["GET", "PUT", "DELETE", "POST"] as const;

const failed = (sent: boolean, reason: TransportError["reason"]): Outcome => ({
  thrown: new TransportError(sent, reason, { cause: undefined }),
});

const answered = (status: number, headers: Record<string, string> = {}): Outcome => ({
  reply: jsonReply(status, {}, headers),
});

/** How an attempt ended → the methods that may be sent again after it. */
const RETRIED_METHODS: readonly (readonly [name: string, Outcome, methods: readonly string[]])[] = [
  ["a failure before sending", failed(false, "network"), METHODS],
  ["a lost connection", failed(true, "network"), ["GET", "PUT", "DELETE"]],
  ["an upstream 503", answered(503), ["GET", "PUT", "DELETE"]],
  ["a timeout", failed(true, "timeout"), []],
  ["a timeout while connecting", failed(false, "timeout"), []],
  ["a hang-up of the caller", failed(true, "aborted"), []],
  ["a request that could not be written", failed(true, "invalid_request"), []],
  ["an unexpected error", { thrown: new TypeError("bug") }, []],
  ...[200, 201, 301, 400, 401, 403, 404, 408, 429, 500, 502, 504].map((status) =>
    [`an upstream ${status}`, answered(status), []] as const
  ),
];

for (const [name, outcome, methods] of RETRIED_METHODS) {
  Deno.test(`after ${name}, ${methods.join(", ") || "no method"} may be sent again`, () => {
    assertEquals(METHODS.filter((method) => mayRetry(method, outcome)), [...methods]);
  });
}

Deno.test("the delay before a retry is the upstream's Retry-After", () => {
  assertEquals(retryDelayMs(answered(503, { "retry-after": "7" }), 0, 0.5), 7_000);
});

Deno.test("the delay before a retry may be given as a date, and may exceed the deadline", () => {
  const now = Date.parse("Sun, 22 Nov 2026 07:00:00 GMT");
  const wait = (retryAfter: string) =>
    retryDelayMs(answered(503, { "retry-after": retryAfter }), 0, 0.5, now);
  assertEquals(wait("Sun, 22 Nov 2026 07:00:09 GMT"), 9_000);
  assertEquals(wait("99999999"), 99_999_999_000);
  assertEquals(wait("Sun, 22 Nov 2026 06:59:59 GMT"), 50); // a past date has no effect
});

Deno.test("the delay before a retry is random within a window that doubles up to two seconds", () => {
  for (const outcome of [failed(true, "network"), answered(503, { "retry-after": "soon" })]) {
    assertEquals(retryDelayMs(outcome, 0, 0), 0);
    assertEquals([0, 1, 2, 9].map((retries) => retryDelayMs(outcome, retries, 0.5)), [
      50,
      100,
      200,
      1_000,
    ]);
  }
});

Deno.test("retries add at most a tenth to the load once the initial budget is used", () => {
  const budget = new RetryBudget();
  let retries = 0;
  for (let request = 0; request < 1_000; request++) {
    budget.deposit();
    if (budget.withdraw()) retries++;
  }
  assert(retries >= 100 && retries <= 111, `${retries}`);
});

Deno.test("a POST that was sent is never sent again", async () => {
  for (const reason of ["network", "timeout"] as const) {
    const { request, sent } = await testGateway({
      env: { RETRY_ATTEMPTS: "10" },
      upstream: () => Promise.reject(new TransportError(true, reason, { cause: undefined })),
    });
    const headers = { "content-type": "application/json" };
    const response = await request("/xms/v1/plan-1/batches", {
      method: "POST",
      headers,
      body: "{}",
    });
    assertEquals([response.status, sent.length], [reason === "timeout" ? 504 : 502, 1]);
  }
});

Deno.test("a POST that was not sent is tried again", async () => {
  let tries = 0;
  const { request, sent } = await testGateway({
    upstream: () =>
      ++tries < 2
        ? Promise.reject(new TransportError(false, "network", { cause: undefined }))
        : jsonReply(201, {}),
  });
  const headers = { "content-type": "application/json" };
  const response = await request("/xms/v1/plan-1/batches", { method: "POST", headers, body: "{}" });
  assertEquals([response.status, sent.length], [201, 2]);
});

Deno.test("a retry that would start after the deadline is not made", async () => {
  const { request, sent } = await testGateway({
    upstream: () => jsonReply(503, {}, { "retry-after": "60" }),
  });
  const response = await request("/xms/v1/plan-1/batches");
  assertEquals([response.status, response.headers.get("retry-after")], [503, "60"]);
  assertEquals(sent.length, 1);
});
