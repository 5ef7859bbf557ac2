import { tooManyRequests } from "../errors/too_many_requests.ts";
import type { Exchange } from "../exchange.ts";
import type { AdaptiveLimiter } from "../limits/adaptive.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Check } from "./checks.ts";
import { isTest } from "./policy_mode.ts";

/** Options of {@linkcode outstanding}. */
export interface OutstandingOptions {
  perRoute: OutstandingLimiter;
  /** Reduces the limit of a service plan that the upstream throttles. */
  perPlan: AdaptiveLimiter;
}

/**
 * Answers 429 if a route or a service plan has too many requests outstanding, so that one of them
 * cannot use all the capacity of the upstream (contract.md §2).
 */
export function outstanding(
  { perRoute, perPlan }: OutstandingOptions,
): Check {
  function acquire(exchange: Exchange): () => void {
    const { route: path } = exchange;
    const servicePlanId = planOf(exchange);
    const route = perRoute.acquire(path ?? "");
    if (!route) throw tooManyRequests("route", perRoute.limit);
    const plan = perPlan.acquire(servicePlanId);
    if (!plan) {
      route();
      throw tooManyRequests("service-plan", perPlan.limitOf(servicePlanId));
    }
    return () => {
      route();
      const last = exchange.attempts.at(-1);
      plan.release({ throttled: last?.status === 429, retryAfterMs: last?.retryAfterMs });
    };
  }

  /** A test API that throttles a plan says nothing about the SMS API. */
  function planOf(exchange: Exchange): string {
    const { servicePlanId = "" } = exchange;
    return isTest(exchange) ? `test ${servicePlanId}` : servicePlanId;
  }

  return function outstanding(c) {
    const exchange = c.get("exchange");
    exchange.slots.push(acquire(exchange));
  };
}
