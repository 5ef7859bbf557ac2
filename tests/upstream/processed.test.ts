/**
 * Property tests: 429 and 503 only ever mean that the request was not processed (contract.md §2),
 * over arbitrary failures of the upstream and of the gateway itself.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Failure } from "../../errors/gateway_error.ts";
import { GatewayError } from "../../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../../errors/retry_after.ts";
import { toFailure, toResponse } from "../../errors/to_response.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { toGatewayError } from "../../upstream/failure.ts";
import { normalize } from "../../upstream/normalize.ts";
import { testGateway } from "../support/gateway.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] as const;

const REASONS = ["timeout", "aborted", "network", "invalid_request", "no_descriptor"] as const;

/** Statuses after which HTTP clients send any request again. */
const RESENT_STATUSES: readonly number[] = [429, 503];

const MAX_TEXT_LENGTH = 1_024;

/** Fails unless a `code` or `text` is safe in JSON, in a log and on a terminal. */
function assertReadable(value: unknown): void {
  assert(typeof value === "string" && value.trim() !== "", `not a text: ${JSON.stringify(value)}`);
  assert(value.isWellFormed(), "half a surrogate pair");
  // deno-lint-ignore no-control-regex -- asserts that there are no control characters
  assert(!/[\x00-\x1f\x7f-\x9f]/.test(value), `a control character: ${JSON.stringify(value)}`);
  assert(value.length <= MAX_TEXT_LENGTH, `${value.length} characters`);
}

/** Fails unless status, code and text agree on whether the request may be sent again. */
function assertTruthful(failure: Failure): void {
  const { headers, status } = toResponse(failure, "id", { docs: true });
  const retryAfter = headers.get("retry-after");
  assertEquals(status, failure.status);
  if (failure.processed === "unknown") {
    assert(!RESENT_STATUSES.includes(status), `${status} for an unknown outcome`);
    assertEquals(retryAfter, null);
  }
  if (RESENT_STATUSES.includes(status)) assert(retryAfter !== null, "no Retry-After");
  if (failure.origin === "gateway" && retryAfter !== null) {
    assert(Number(retryAfter) >= 1 && Number(retryAfter) <= MAX_RETRY_AFTER_S, retryAfter);
  }
  assertReadable(failure.code);
  assertReadable(failure.text);
}

/** Any text, including control characters and lone surrogates. */
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => String.fromCharCode(...units)),
  fc.string({ unit: "grapheme", minLength: 1_000, maxLength: 3_000 }),
);

const members = ["code", "text", "error", "message", "status", "type", "title", "detail", "errors"];

const anyJson = fc.oneof(
  fc.dictionary(fc.constantFrom(...members), fc.oneof(anyText, fc.jsonValue())),
  fc.record({ error: fc.dictionary(fc.constantFrom(...members), anyText) }),
  fc.jsonValue(),
).map((value) => new TextEncoder().encode(JSON.stringify(value)));

const anyBody = fc.oneof(
  anyJson,
  anyText.map((text) => new TextEncoder().encode(text)),
  fc.uint8Array({ maxLength: 200 }),
);

const anyHeaders = fc.array(
  fc.tuple(
    fc.constantFrom("retry-after", "content-type", "allow"),
    fc.oneof(anyText, fc.integer().map(String), fc.constant("Wed, 21 Oct 2015 07:28:00 GMT")),
  ),
  { maxLength: 3 },
);

Deno.test("a transport failure with an unknown outcome is never answered 429 or 503", () => {
  fc.assert(fc.property(
    fc.boolean(),
    fc.constantFrom(...REASONS),
    fc.constantFrom(...METHODS),
    (sent, reason, method) => {
      const error = toGatewayError(new TransportError(sent, reason, { cause: "why" }), method);
      assert(error instanceof GatewayError);
      assertTruthful(error.failure);
    },
  ));
});

Deno.test("an upstream answer that leaves the outcome unknown never becomes 429 or 503", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.integer({ min: 300, max: 999 }), fc.constantFrom(401, 408, 429, 499, 500, 503)),
      anyBody,
      anyHeaders,
      fc.constantFrom(...METHODS),
      (status, bytes, headers, method) => {
        const clean = (text: string) => text.replaceAll("credential", "");
        const options = { method, allow: ["GET", "POST"], clean };
        assertTruthful(normalize({ status, headers, bytes }, options));
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("an unexpected error after the request was sent is never answered 429, 500 or 503", () => {
  fc.assert(fc.property(fc.anything(), fc.boolean(), (thrown, sent) => {
    const failure = toFailure(thrown, { sent });
    assertTruthful(failure);
    assertEquals(failure.processed, sent ? "unknown" : "no");
    assertEquals(failure.status, sent ? 502 : 500);
  }));
});

/** How one attempt at the upstream ends. */
type Attempt =
  | { readonly status: number; readonly body: Uint8Array<ArrayBuffer> }
  | { readonly sent: boolean; readonly reason: typeof REASONS[number] | "bug" };

/** A request and the ends of its attempts in order; the last one repeats. */
interface Exchange {
  readonly request: { readonly method: string; readonly path: string };
  readonly attempts: readonly Attempt[];
}

const anyAttempt: fc.Arbitrary<Attempt> = fc.oneof(
  // An attempt that ended with an unexpected error counts as sent.
  { arbitrary: fc.constant({ sent: true, reason: "bug" as const }), weight: 1 },
  { arbitrary: fc.record({ sent: fc.boolean(), reason: fc.constantFrom(...REASONS) }), weight: 1 },
  {
    arbitrary: fc.record({ sent: fc.boolean(), reason: fc.constant("network" as const) }),
    weight: 3,
  },
  { arbitrary: replyWith(fc.constantFrom(200, 404, 429, 500, 503, 503, 503)), weight: 3 },
  { arbitrary: replyWith(fc.integer({ min: 300, max: 599 })), weight: 1 },
);

function replyWith(status: fc.Arbitrary<number>): fc.Arbitrary<Attempt> {
  return fc.record({ status, body: anyBody.map((bytes) => Uint8Array.from(bytes)) });
}

const anyExchange: fc.Arbitrary<Exchange> = fc.record({
  request: fc.constantFrom(
    { method: "POST", path: "/batches" },
    { method: "PUT", path: "/batches/01FC66621XXXXX119Z8PMV1QPQ" },
    { method: "DELETE", path: "/batches/01FC66621XXXXX119Z8PMV1QPQ" },
    { method: "GET", path: "/batches" },
  ),
  attempts: fc.array(anyAttempt, { minLength: 1, maxLength: 3 }),
});

/** Whether the upstream may have processed the attempt. */
function isOutcomeUnknown(attempt: Attempt): boolean {
  if (!("status" in attempt)) return attempt.sent;
  const { status } = attempt;
  const isUndocumented5xx = status >= 500 && status !== 500 && status !== 503;
  return (status >= 300 && status < 400) || status === 499 || isUndocumented5xx;
}

async function assertTruthfulExchange({ request: { method, path }, attempts }: Exchange) {
  const made: Attempt[] = [];
  const gateway = await testGateway({
    env: { RETRY_ATTEMPTS: "2", BREAKER_FAILURES: "0" },
    upstream() {
      const attempt = attempts[Math.min(made.length, attempts.length - 1)];
      assert(attempt);
      made.push(attempt);
      if (!("status" in attempt)) {
        if (attempt.reason === "bug") throw new TypeError("unexpected");
        throw new TransportError(attempt.sent, attempt.reason, { cause: "why" });
      }
      return { ...attempt, headers: [] };
    },
  });
  const response = await gateway.request(`/xms/v1/plan-1${path}`, {
    method,
    ...(/^P/.test(method) && {
      headers: { "content-type": "application/json" },
      body: '{"to":["+46701234567"],"body":"hello"}',
    }),
  });
  const { status, headers } = response;
  const text = await response.text();
  const seen = JSON.stringify({ method, made, status, text });
  if (method !== "GET" && made.some(isOutcomeUnknown)) {
    assert(![...RESENT_STATUSES, 500].includes(status), seen);
    if (status >= 300) assertEquals(headers.get("retry-after"), null, seen);
  }
  if (status < 400 || status === 404) return;
  const { code, text: message, ...rest } = JSON.parse(text);
  assertReadable(code);
  assertReadable(message);
  assertEquals(rest, {});
}

Deno.test("no sequence of attempts makes a POST, PUT or DELETE that may have been processed 429, 500 or 503", async () => {
  // Cases run concurrently, as each waits for its retries.
  const cases = fc.array(anyExchange, { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(cases, async (exchanges) => {
      await Promise.all(exchanges.map(assertTruthfulExchange));
    }),
    { numRuns: 8, endOnFailure: true },
  );
});
