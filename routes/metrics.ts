import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { unauthenticatedLimit } from "../middleware/unauthenticated_limit.ts";

/** Responses that clients have not read yet, in all; each is about 10 KB. */
const MAX_UNREAD_RESPONSES = 64;

const encoder = new TextEncoder();

/** Mounts `/metrics` in the Prometheus text format 0.0.4, without authentication. */
export function mountMetrics(app: Hono<GatewayEnv>, prometheus: () => Promise<string>): void {
  app.get("/metrics", unauthenticatedLimit(MAX_UNREAD_RESPONSES), async (c) => {
    const body = encoder.encode(await prometheus());
    return c.body(responseBody(c, body), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
    });
  });
}
