import type { MiddlewareHandler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import type { AdaptiveLimiter } from "../limits/adaptive.ts";
import type { OutstandingLimiter } from "../limits/outstanding.ts";
import { heldUntilAnswered } from "./slot.ts";

/** Options of {@linkcode outstanding}. */
export interface OutstandingOptions {
  perCaller: OutstandingLimiter;
  perRoute: OutstandingLimiter;
  /** What the upstream takes at once, per service plan. */
  perPlan: AdaptiveLimiter;
}

/** Seconds after which a slot is likely to be free: requests take less. */
const RETRY_AFTER_S = "1";

/**
 * Answers 429 where a caller, a path or a service plan has too many requests outstanding, so
 * that one service cannot take the upstream away from the others (contract.md §2).
 */
export function outstanding(
  { perCaller, perRoute, perPlan }: OutstandingOptions,
): MiddlewareHandler<GatewayEnv> {
  function acquire(exchange: Exchange): () => void {
    const { principal, route: path, servicePlanId = "" } = exchange;
    const caller = perCaller.acquire(`${principal?.issuer} ${principal?.subject}`);
    if (!caller) throw tooMany("caller", perCaller.limit);
    const route = perRoute.acquire(path ?? "");
    if (!route) {
      caller();
      throw tooMany("route", perRoute.limit);
    }
    const plan = perPlan.acquire(servicePlanId);
    if (!plan) {
      caller();
      route();
      throw tooMany("service-plan", perPlan.limitOf(servicePlanId));
    }
    return () => {
      caller();
      route();
      plan.release(exchange.attempts.at(-1)?.status === 429);
    };
  }

  return async function outstanding(c, next) {
    await heldUntilAnswered(c, next, acquire(c.get("exchange")));
  };
}

/** With the fields of draft-ietf-httpapi-ratelimit-headers: which limit, and what is left. */
function tooMany(policy: string, limit: number): GatewayError {
  return new GatewayError("too_many_requests", {
    headers: {
      "retry-after": RETRY_AFTER_S,
      "ratelimit-policy": `"${policy}";q=${limit};qu="concurrent-requests"`,
      "ratelimit": `"${policy}";r=0;t=${RETRY_AFTER_S}`,
    },
  });
}
