import type { Context, MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Checks a request: throws to reject it, returns to let it continue. */
export type Check = (c: Context<GatewayEnv>) => void | Promise<void>;

/** Runs checks in order, until one throws; a middleware each would cost more per request. */
export async function runChecks(
  c: Context<GatewayEnv>,
  inOrder: readonly Check[],
): Promise<void> {
  for (const check of inOrder) {
    const pending = check(c);
    if (pending) await pending;
  }
}

/** Checks as one middleware. */
export function checks(...inOrder: readonly Check[]): MiddlewareHandler<GatewayEnv> {
  return async function checks(c, next) {
    await runChecks(c, inOrder);
    await next();
  };
}
