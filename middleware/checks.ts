import type { Context, MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Looks at a request on its way in: what it throws is the answer, else the request may go on. */
export type Check = (c: Context<GatewayEnv>) => void | Promise<void>;

/** Checks in their order as one middleware: each by itself would cost every request a frame more. */
export function checks(...inOrder: readonly Check[]): MiddlewareHandler<GatewayEnv> {
  return async function checks(c, next) {
    for (const check of inOrder) {
      const pending = check(c);
      if (pending) await pending;
    }
    await next();
  };
}
