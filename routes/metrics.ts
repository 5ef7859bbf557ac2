import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Mounts `/metrics` in the Prometheus text format 0.0.4; no token is asked for. */
export function mountMetrics(app: Hono<GatewayEnv>, prometheus: () => Promise<string>): void {
  app.get("/metrics", async (c) =>
    c.body(await prometheus(), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      "cache-control": "no-store",
    }));
}
