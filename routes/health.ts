import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import { VERSION } from "../version.ts";

/** The state that `/readyz` reports. */
export interface Readiness {
  /** Why the gateway cannot serve requests; empty if it can. */
  readonly notReady: readonly string[];
  /** What does not work although it serves requests, such as an upstream that is down. */
  readonly degraded: readonly string[];
}

/**
 * Mounts `/livez`: 200 and the version while the process runs; and `/readyz`: 200 while it can serve
 * requests, with the degraded parts, else 503 with the reasons. Both are JSON, without
 * authentication and spans.
 */
export function mountHealth(app: Hono<GatewayEnv>, readiness: () => Readiness): void {
  app.get("/livez", (c) => c.json({ status: "ok", version: VERSION }, 200, NOT_STORED));
  app.get("/readyz", (c) => {
    const { notReady, degraded } = readiness();
    if (notReady.length > 0) {
      return c.json({ status: "unavailable", reasons: [...notReady, ...degraded] }, 503, {
        ...NOT_STORED,
        "retry-after": "1",
        "x-error-origin": "gateway",
      });
    }
    return degraded.length > 0
      ? c.json({ status: "degraded", reasons: degraded }, 200, NOT_STORED)
      : c.json({ status: "ok" }, 200, NOT_STORED);
  });
}

/** The state changes at any time, so that a cached response would be wrong. */
const NOT_STORED = { "cache-control": "no-store" };
