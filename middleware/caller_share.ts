import { delay } from "@std/async/delay";
import type { Context } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";
import { tooMany } from "./too_many.ts";

/** Options of {@linkcode callerShare}. */
export interface CallerShareOptions {
  /** Requests that wait for a slot at once; more are refused without waiting. */
  maxWaiting: number;
}

/**
 * When a request for which there is no slot looks for one again, each time after so many ms. Deno
 * tells that an answer was sent in a later turn of its event loop: by then the caller's next request
 * on the same connection may be here.
 */
const LOOK_AGAIN_MS = [0, 1, 4, 15, 30] as const;

/**
 * Answers 429 where a caller has too many requests outstanding (contract.md §2). A request
 * counts as soon as its caller is known: bodies that never arrive take up the share of the caller
 * who does not send them. It counts until its answer was taken.
 */
export function callerShare(
  limiter: OutstandingLimiter,
  { maxWaiting }: CallerShareOptions,
): Check {
  let waiting = 0;
  let handedOver = 0; // answers of all callers that were not taken yet

  async function acquireLater(key: string): Promise<() => void> {
    if (handedOver === 0 || waiting >= maxWaiting) throw tooMany("caller", limiter.limit);
    waiting++;
    try {
      for (const ms of LOOK_AGAIN_MS) {
        await delay(ms);
        const release = limiter.acquire(key);
        if (release) return release;
      }
    } finally {
      waiting--;
    }
    throw tooMany("caller", limiter.limit);
  }

  /**
   * What was taken up so far, in flight, is kept as long: a caller who does not take its answers
   * cannot have more of them than its share.
   */
  function keep(c: Context<GatewayEnv>, release: () => void): void {
    const { slots } = c.get("exchange");
    const inFlight = slots.splice(0);
    let isHandedOver = 0;
    slots.push(() => void (handedOver += isHandedOver = 1));
    c.get("untilTaken").push(release, ...inFlight, () => void (handedOver -= isHandedOver));
  }

  return function callerShare(c) {
    const { principal } = c.get("exchange");
    const key = `${principal?.issuer} ${principal?.subject}`;
    const release = limiter.acquire(key);
    return release ? keep(c, release) : acquireLater(key).then((later) => keep(c, later));
  };
}
