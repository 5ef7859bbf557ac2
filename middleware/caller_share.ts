import type { Context } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";
import { tooMany } from "./too_many.ts";

/** Requests that wait for {@linkcode nextTurn} at once; more are refused without waiting. */
const MAX_WAITING = 50;

/**
 * Answers 429 where a caller has too many requests outstanding (contract.md §2). A request
 * counts as soon as its caller is known: bodies that never arrive take up the share of the caller
 * who does not send them. It counts until its answer was taken.
 */
export function callerShare(limiter: OutstandingLimiter): Check {
  let waiting = 0;

  async function acquireLater(key: string): Promise<() => void> {
    if (waiting < MAX_WAITING) {
      waiting++;
      await nextTurn();
      waiting--;
      const release = limiter.acquire(key);
      if (release) return release;
    }
    throw tooMany("caller", limiter.limit);
  }

  return function callerShare(c) {
    const { principal } = c.get("exchange");
    const key = `${principal?.issuer} ${principal?.subject}`;
    const release = limiter.acquire(key);
    return release ? keep(c, release) : acquireLater(key).then((later) => keep(c, later));
  };
}

/**
 * What was taken up so far, in flight, is kept as long: a caller who does not take its answers
 * cannot have more of them than its share.
 */
function keep(c: Context<GatewayEnv>, release: () => void): void {
  c.get("untilTaken").push(release, ...c.get("exchange").slots.splice(0));
}

/**
 * Deno tells that an answer was sent in a later turn of its event loop: by then the caller's next
 * request on the same connection may be here.
 */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
