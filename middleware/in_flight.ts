import { GatewayError } from "../errors/gateway_error.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";

/**
 * Answers 503 if the gateway has too many requests in flight. Must run before expensive checks, such
 * as the verification of a signature.
 */
export function inFlight(limiter: OutstandingLimiter): Check {
  return function inFlight(c) {
    const release = limiter.acquire("all");
    if (!release) throw new GatewayError("overloaded");
    c.get("exchange").slots.push(release);
  };
}
