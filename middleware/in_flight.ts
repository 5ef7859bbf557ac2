import { GatewayError } from "../errors/gateway_error.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";

/**
 * Refuses with 503 what would be too much for the gateway as a whole, before anything
 * costly, such as checking a signature, is done for it.
 */
export function inFlight(limiter: OutstandingLimiter): Check {
  return function inFlight(c) {
    const release = limiter.acquire("all");
    if (!release) throw new GatewayError("overloaded");
    c.get("exchange").slots.push(release);
  };
}
