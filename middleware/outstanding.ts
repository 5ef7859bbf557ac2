import type { Exchange } from "../exchange.ts";
import type { AdaptiveLimiter } from "../limits/adaptive.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";
import { tooMany } from "./too_many.ts";

/** Options of {@linkcode outstanding}. */
export interface OutstandingOptions {
  perRoute: OutstandingLimiter;
  /** What the upstream takes at once, per service plan. */
  perPlan: AdaptiveLimiter;
}

/**
 * Answers 429 where a path or a service plan has too many requests outstanding, so that one
 * of them cannot take the upstream away from the others (contract.md §2).
 */
export function outstanding(
  { perRoute, perPlan }: OutstandingOptions,
): Check {
  function acquire(exchange: Exchange): () => void {
    const { route: path, servicePlanId = "" } = exchange;
    const route = perRoute.acquire(path ?? "");
    if (!route) throw tooMany("route", perRoute.limit);
    const plan = perPlan.acquire(servicePlanId);
    if (!plan) {
      route();
      throw tooMany("service-plan", perPlan.limitOf(servicePlanId));
    }
    return () => {
      route();
      const last = exchange.attempts.at(-1);
      plan.release({ throttled: last?.status === 429, retryAfterMs: last?.retryAfterMs });
    };
  }

  return function outstanding(c) {
    const exchange = c.get("exchange");
    exchange.slots.push(acquire(exchange));
  };
}
