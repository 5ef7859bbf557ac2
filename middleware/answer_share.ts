import type { MiddlewareHandler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";

/**
 * Answers 503 where so many answers of a route that asks for no token were not taken yet: whoever
 * asks for more keeps memory in use without being known.
 *
 * @param limit answers outstanding at once
 */
export function answerShare(limit: number): MiddlewareHandler<GatewayEnv> {
  const limiter = new OutstandingLimiter(limit);
  return async function answerShare(c, next) {
    const release = limiter.acquire("all");
    if (!release) throw new GatewayError("overloaded");
    c.get("untilTaken").push(release);
    await next();
  };
}
