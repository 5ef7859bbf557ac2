import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import { responseBody } from "../middleware/response_slots.ts";
import { unauthenticatedLimit } from "../middleware/unauthenticated_limit.ts";

/** Responses that clients have not read yet, in all; each is about 10 KB. */
const MAX_UNREAD_RESPONSES = 64;

const encoder = new TextEncoder();

/** The metrics in each format. */
export interface MetricsText {
  /** The Prometheus text format 0.0.4. */
  prometheus(): Promise<string>;
  /** The OpenMetrics text format 1.0, with exemplars. */
  openMetrics(): Promise<string>;
}

const PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Mounts `/metrics`, without authentication: as OpenMetrics if `Accept` names it. */
export function mountMetrics(app: Hono<GatewayEnv>, metrics: MetricsText): void {
  app.get("/metrics", unauthenticatedLimit(MAX_UNREAD_RESPONSES), async (c) => {
    const isOpen = /\bapplication\/openmetrics-text\b/i.test(c.req.header("accept") ?? "");
    const body = encoder.encode(await (isOpen ? metrics.openMetrics() : metrics.prometheus()));
    return c.body(responseBody(c, body), 200, {
      "content-type": isOpen ? OPEN_METRICS : PROMETHEUS,
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
      vary: "Accept",
    });
  });
}
