import type { Hono } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Why the gateway cannot serve, by what it needs; empty when it can. */
export type Readiness = () => readonly string[];

/**
 * Mounts `/livez` (200 while the process runs) and `/readyz` (200 while it can serve, else
 * 503 with the reasons as JSON). No token is asked for, and no span is made.
 */
export function mountHealth(app: Hono<GatewayEnv>, unreadiness: Readiness): void {
  app.get("/livez", (c) => c.json({ status: "ok" }, 200, NOT_STORED));
  app.get("/readyz", (c) => {
    const reasons = unreadiness();
    return reasons.length === 0
      ? c.json({ status: "ok" }, 200, NOT_STORED)
      : c.json({ status: "unavailable", reasons }, 503, {
        ...NOT_STORED,
        "retry-after": "1",
        "x-error-origin": "gateway",
      });
  });
}

/** A stored answer would tell of another moment. */
const NOT_STORED = { "cache-control": "no-store" };
