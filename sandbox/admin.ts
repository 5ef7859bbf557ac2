/** Routes that the real SMS API does not have: faults, the recorded requests, revoking tokens. */

import { Hono } from "hono";
import type { ActiveFault } from "./active_fault.ts";
import type { SandboxEnv } from "./env.ts";
import { LimitedFault, readFault } from "./faults.ts";
import { parseObject } from "./json.ts";
import type { AccessTokens } from "./oauth.ts";
import type { RequestLog } from "./request_log.ts";

/** What the admin routes show and change. */
export interface AdminSubjects {
  readonly fault: ActiveFault<LimitedFault>;
  readonly log: RequestLog;
  readonly tokens: AccessTokens;
}

/**
 * `/sandbox/faults`, `/sandbox/requests`, `/sandbox/tokens` and `/sandbox/redirected`, the target of
 * 3xx faults.
 */
export function adminRoutes({ fault, log, tokens }: AdminSubjects): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  routes.get("/faults", (c) => c.json(fault.current ?? {}));
  routes.put("/faults", async (c) => {
    fault.set(readFault(LimitedFault, parseObject(await c.req.text())));
    return c.json(fault.current ?? {});
  });
  routes.delete("/faults", (c) => {
    fault.clear();
    return c.body(null, 204);
  });
  routes.get("/requests", (c) => {
    const requests = log.list();
    return c.json({ count: requests.length, requests });
  });
  routes.delete("/requests", (c) => {
    log.clear();
    return c.body(null, 204);
  });
  routes.delete("/tokens", (c) => {
    tokens.revoke();
    return c.body(null, 204);
  });
  routes.all("/redirected", (c) => c.json({ redirected: true }));
  return routes;
}
