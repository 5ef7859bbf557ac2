import type { RequestHooks } from "../exchange.ts";

/** Options of {@linkcode requestId}. */
export interface RequestIdOptions {
  /** Creates an id for a request without a valid one. */
  newId: () => string;
}

/** Ids that are accepted from callers: safe in headers and in log lines. */
const VALID_ID = /^[A-Za-z0-9_-]{1,128}$/;

/** Gives every request its `X-Request-Id` and every response the same (contract.md §4). */
export function requestId({ newId }: RequestIdOptions): RequestHooks {
  return {
    onRequest(c) {
      const sent = c.req.raw.headers.get("x-request-id");
      c.set("requestId", sent !== null && VALID_ID.test(sent) ? sent : newId());
    },
    onResponse(c) {
      // Responses of an exchange already have the header: it is cheaper to include it when the
      // headers are created than to modify those of a finished response.
      if (!c.get("exchange")) c.res.headers.set("x-request-id", c.get("requestId"));
    },
  };
}
