import type { MiddlewareHandler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";

/**
 * Answers 503 while `limit` responses of a route without authentication are outstanding: a client
 * that does not read its responses keeps them in memory, and no limit per caller applies to it.
 *
 * @param limit maximum number of outstanding responses
 */
export function unauthenticatedLimit(limit: number): MiddlewareHandler<GatewayEnv> {
  const limiter = new OutstandingLimiter(limit);
  return async function unauthenticatedLimit(c, next) {
    const release = limiter.acquire("all");
    if (!release) throw new GatewayError("overloaded");
    c.get("responseSlots").push(release);
    await next();
  };
}
