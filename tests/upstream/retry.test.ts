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
const AGAIN: readonly (readonly [name: string, Outcome, methods: readonly string[]])[] = [
  ["nothing was sent", failed(false, "network"), METHODS],
  ["the connection was lost", failed(true, "network"), ["GET", "PUT", "DELETE"]],
  ["the upstream said 503", answered(503), ["GET", "PUT", "DELETE"]],
  ["it took too long", failed(true, "timeout"), []],
  ["connecting took too long", failed(false, "timeout"), []],
  ["the caller hung up", failed(true, "aborted"), []],
  ["the request could not be written", failed(true, "invalid_request"), []],
  ["there was a bug", { thrown: new TypeError("bug") }, []],
  ...[200, 201, 301, 400, 401, 403, 404, 408, 429, 500, 502, 504].map((status) =>
    [`the upstream said ${status}`, answered(status), []] as const
  ),
];

for (const [name, outcome, methods] of AGAIN) {
  Deno.test(`where ${name}, ${methods.join(", ") || "nothing"} may be sent again`, () => {
    assertEquals(METHODS.filter((method) => mayRetry(method, outcome)), [...methods]);
  });
}

Deno.test("the wait before a retry is what the upstream asked for", () => {
  assertEquals(retryDelayMs(answered(503, { "retry-after": "7" }), 0, 0.5), 7_000);
});

Deno.test("the wait before a retry may be asked for as a date, and may be too long to be worth it", () => {
  const now = Date.parse("Sun, 22 Nov 2026 07:00:00 GMT");
  const wait = (retryAfter: string) =>
    retryDelayMs(answered(503, { "retry-after": retryAfter }), 0, 0.5, now);
  assertEquals(wait("Sun, 22 Nov 2026 07:00:09 GMT"), 9_000);
  assertEquals(wait("99999999"), 99_999_999_000);
  assertEquals(wait("Sun, 22 Nov 2026 06:59:59 GMT"), 50); // a time that is over asks for nothing
});

Deno.test("the wait before a retry is drawn from a window that doubles up to two seconds", () => {
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

Deno.test("retries add at most a tenth to the load, once what was saved is spent", () => {
  const budget = new RetryBudget();
  let retries = 0;
  for (let request = 0; request < 1_000; request++) {
    budget.deposit();
    if (budget.withdraw()) retries++;
  }
  assert(retries >= 100 && retries <= 111, `${retries}`);
});

Deno.test("a POST that was sent is never sent again, however many retries are allowed", async () => {
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

Deno.test("a POST of which nothing was sent is sent again", async () => {
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

Deno.test("a retry that would not fit within the deadline does not happen", async () => {
  const { request, sent } = await testGateway({
    upstream: () => jsonReply(503, {}, { "retry-after": "60" }),
  });
  const response = await request("/xms/v1/plan-1/batches");
  assertEquals([response.status, response.headers.get("retry-after")], [503, "60"]);
  assertEquals(sent.length, 1);
});
