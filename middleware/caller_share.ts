import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";
import { tooMany } from "./too_many.ts";

/**
 * Answers 429 where a caller has too many requests outstanding (contract.md §2). A request
 * counts as soon as it is known whose it is: bodies that never arrive take up the share of
 * the one who does not send them, and nobody else's.
 */
export function callerShare(limiter: OutstandingLimiter): Check {
  return function callerShare(c) {
    const { principal, slots } = c.get("exchange");
    const release = limiter.acquire(`${principal?.issuer} ${principal?.subject}`);
    if (!release) throw tooMany("caller", limiter.limit);
    slots.push(release);
  };
}
