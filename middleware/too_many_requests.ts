import { GatewayError } from "../errors/gateway_error.ts";

/** Most requests take less than a second, so that a slot is likely to be free by then. */
const RETRY_AFTER_S = "1";

/**
 * A 429 with the fields of draft-ietf-httpapi-ratelimit-headers.
 *
 * @param policy name of the limit
 * @param limit maximum number of concurrent requests
 */
export function tooManyRequests(policy: string, limit: number): GatewayError {
  return new GatewayError("too_many_requests", {
    headers: {
      "retry-after": RETRY_AFTER_S,
      "ratelimit-policy": `"${policy}";q=${limit};qu="concurrent-requests"`,
      "ratelimit": `"${policy}";r=0;t=${RETRY_AFTER_S}`,
    },
  });
}
