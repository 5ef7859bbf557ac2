import { GatewayError } from "./gateway_error.ts";
import { ownRetryAfter } from "./retry_after.ts";
import { rateLimitFields } from "./rate_limit_fields.ts";

/** Most requests take less than a second, so that a slot is likely to be free by then. */
const RETRY_AFTER_S = 1;

/**
 * A 429 with the fields of draft-ietf-httpapi-ratelimit-headers.
 *
 * @param name of the limit
 * @param limit maximum number of concurrent requests
 */
export function tooManyRequests(name: string, limit: number): GatewayError {
  const full = { name, limit, left: 0, resetS: RETRY_AFTER_S, unit: "concurrent-requests" };
  return new GatewayError("too_many_requests", {
    headers: { "retry-after": String(RETRY_AFTER_S), ...rateLimitFields([full]) },
  });
}

/**
 * A 429 of a limit by time.
 *
 * @param policy name of the limit
 * @param perMinute maximum number of requests per minute
 * @param waitMs when the next request may come, in ms
 */
export function tooManyPerMinute(
  policy: string,
  { perMinute, waitMs, text }: { perMinute: number; waitMs: number; text: string },
): GatewayError {
  return new GatewayError("too_many_requests", {
    text,
    headers: {
      "retry-after": ownRetryAfter(waitMs),
      "ratelimit-policy": `"${policy}";q=${perMinute};w=60`,
      "ratelimit": `"${policy}";r=0;t=${Math.ceil(waitMs / 1_000)}`,
    },
  });
}
