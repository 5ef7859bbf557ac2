import { delay } from "@std/async/delay";
import type { Context } from "hono";
import { tooManyRequests } from "../errors/too_many_requests.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";

/** Options of {@linkcode callerLimit}. */
export interface CallerLimitOptions {
  /** Maximum number of requests that wait for a slot; further ones are rejected immediately. */
  maxWaiting: number;
}

/**
 * Delays before each attempt to acquire a slot again, in ms. Deno reports that a response was sent in
 * a later turn of its event loop: the caller's next request on the same connection may be processed
 * before that.
 */
const RETRY_DELAYS_MS = [0, 1, 4, 15, 30] as const;

/**
 * Answers 429 if a caller has too many requests outstanding (contract.md §2). A request counts from
 * its authentication, so that a body that never arrives uses a slot of its own caller, until its
 * response was received.
 */
export function callerLimit(
  limiter: OutstandingLimiter,
  { maxWaiting }: CallerLimitOptions,
): Check {
  let waiting = 0;
  let unreceived = 0; // finished responses, of all callers, that were not received yet

  async function acquireWithRetries(key: string): Promise<() => void> {
    if (unreceived === 0 || waiting >= maxWaiting) throw tooManyRequests("caller", limiter.limit);
    waiting++;
    try {
      for (const ms of RETRY_DELAYS_MS) {
        await delay(ms);
        const release = limiter.acquire(key);
        if (release) return release;
      }
    } finally {
      waiting--;
    }
    throw tooManyRequests("caller", limiter.limit);
  }

  /**
   * Keeps the caller's slot and the slots acquired before it until the response was received: a
   * caller that does not read its responses is limited to its share of them.
   */
  function keep(c: Context<GatewayEnv>, release: () => void): void {
    const { slots } = c.get("exchange");
    const earlier = slots.splice(0);
    let isFinished = 0;
    slots.push(() => void (unreceived += isFinished = 1));
    c.get("responseSlots").push(release, ...earlier, () => void (unreceived -= isFinished));
  }

  return function callerLimit(c) {
    const { principal } = c.get("exchange");
    const key = `${principal?.issuer} ${principal?.subject}`;
    const release = limiter.acquire(key);
    return release ? keep(c, release) : acquireWithRetries(key).then((later) => keep(c, later));
  };
}
