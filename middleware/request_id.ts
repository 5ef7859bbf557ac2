import type { MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Options of {@linkcode requestId}. */
export interface RequestIdOptions {
  /** Makes an id for a request that brought no usable one. */
  newId: () => string;
}

/** What a caller may choose: nothing that could break a log line or a header. */
const USABLE = /^[A-Za-z0-9_-]{1,128}$/;

/** Gives every request its `X-Request-Id` and every response the same (contract.md §4). */
export function requestId({ newId }: RequestIdOptions): MiddlewareHandler<GatewayEnv> {
  return async function requestId(c, next) {
    const sent = c.req.raw.headers.get("x-request-id");
    const id = sent !== null && USABLE.test(sent) ? sent : newId();
    c.set("requestId", id);
    await next();
    // What has an exchange was answered by the gateway's own writers, which set it themselves:
    // opening the headers of an answer that is ready costs more than making them.
    if (!c.get("exchange")) c.res.headers.set("x-request-id", id);
  };
}
