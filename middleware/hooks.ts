import type { Context, MiddlewareHandler } from "hono";
import type { GatewayEnv, RequestHooks } from "../exchange.ts";

/**
 * Runs `onRequest` of all hooks in order, then the handler, then `onResponse` in reverse order. One
 * asynchronous function for all of them: a middleware each would cost more per request.
 */
export async function runHooks(
  c: Context<GatewayEnv>,
  inOrder: readonly RequestHooks[],
  handle: () => Promise<void>,
): Promise<void> {
  for (const { onRequest } of inOrder) onRequest?.(c);
  await handle();
  for (let i = inOrder.length - 1; i >= 0; i--) {
    const pending = inOrder[i]?.onResponse?.(c);
    if (pending) await pending;
  }
}

/** Hooks as a middleware. */
export function hooks(...inOrder: readonly RequestHooks[]): MiddlewareHandler<GatewayEnv> {
  return function hooks(c, next) {
    return runHooks(c, inOrder, next);
  };
}
