import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** What keeps the gateway from serving, and what it cannot do for now. */
export interface Readiness {
  /** Why it cannot serve; empty where it can. */
  readonly notReady: readonly string[];
  /** What does not work though it serves, such as an upstream that is down. */
  readonly degraded: readonly string[];
}

/**
 * Mounts `/livez` (200 while the process runs) and `/readyz`: 200 while it can serve, with what is
 * degraded, else 503 with the reasons, as JSON. No token is asked for, and no span is made.
 */
export function mountHealth(app: Hono<GatewayEnv>, readiness: () => Readiness): void {
  app.get("/livez", (c) => c.json({ status: "ok" }, 200, NOT_STORED));
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

/** A stored answer would describe another moment. */
const NOT_STORED = { "cache-control": "no-store" };
