import type { MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Options of {@linkcode requestId}. */
export interface RequestIdOptions {
  /** Creates an id for a request without a valid one. */
  newId: () => string;
}

/** Ids that are accepted from callers: safe in headers and in log lines. */
const VALID_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Gives every request its `X-Request-Id` and every response the same (contract.md §4). */
export function requestId({ newId }: RequestIdOptions): MiddlewareHandler<GatewayEnv> {
  return async function requestId(c, next) {
    const sent = c.req.raw.headers.get("x-request-id");
    const id = sent !== null && VALID_ID.test(sent) ? sent : newId();
    c.set("requestId", id);
    await next();
    // Responses of an exchange already have the header: it is cheaper to include it when the headers
    // are created than to modify those of a finished response.
    if (!c.get("exchange")) c.res.headers.set("x-request-id", id);
  };
}
