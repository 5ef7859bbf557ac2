import type { Context, MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Checks a request: throws to reject it, returns to let it continue. */
export type Check = (c: Context<GatewayEnv>) => void | Promise<void>;

/** Runs checks in order in one middleware; a middleware each would cost more per request. */
export function checks(...inOrder: readonly Check[]): MiddlewareHandler<GatewayEnv> {
  return async function checks(c, next) {
    for (const check of inOrder) {
      const pending = check(c);
      if (pending) await pending;
    }
    await next();
  };
}
