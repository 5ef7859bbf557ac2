import { GatewayError } from "../errors/gateway_error.ts";

/** Seconds after which a slot is likely to be free: requests take less. */
const RETRY_AFTER_S = "1";

/**
 * The 429 of a limit, with the fields of draft-ietf-httpapi-ratelimit-headers: which one, and
 * what is left.
 */
export function tooMany(policy: string, limit: number): GatewayError {
  return new GatewayError("too_many_requests", {
    headers: {
      "retry-after": RETRY_AFTER_S,
      "ratelimit-policy": `"${policy}";q=${limit};qu="concurrent-requests"`,
      "ratelimit": `"${policy}";r=0;t=${RETRY_AFTER_S}`,
    },
  });
}
