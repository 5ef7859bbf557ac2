import type { Hono } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { CallbackHandler, CallbackPath } from "../middleware/callback.ts";

/** The service plan, and a path secret. */
const PATH = /^\/callbacks\/([A-Za-z0-9_-]{1,128})(?:\/([A-Za-z0-9._~-]{1,256}))?$/;

/**
 * Mounts `POST /callbacks/{service_plan_id}`, for callbacks of the SMS API. Other paths below
 * `/callbacks` are left to the routes that follow: 404.
 */
export function mountCallbacks(app: Hono<GatewayEnv>, handle: CallbackHandler): void {
  app.use("/callbacks/*", async (c, next) => {
    const path = callbackPath(c.get("exchange").rawPath);
    if (!path) return await next();
    if (c.req.method === "POST") return await handle(c, path);
    throw new GatewayError("method_not_allowed", { headers: { allow: "POST" } });
  });
}

/** The parts of the raw path of a callback; undefined for another path. */
export function callbackPath(rawPath: string): CallbackPath | undefined {
  const [, servicePlanId, pathSecret] = PATH.exec(rawPath) ?? [];
  return servicePlanId === undefined ? undefined : { servicePlanId, pathSecret };
}
