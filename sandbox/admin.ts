/** Routes that the real SMS API does not have: faults and the recorded requests. */

import { Hono } from "hono";
import type { ActiveFault } from "./active_fault.ts";
import type { SandboxEnv } from "./env.ts";
import { LimitedFault, readFault } from "./faults.ts";
import { parseObject } from "./json.ts";
import type { RequestLog } from "./request_log.ts";

/** `/sandbox/faults`, `/sandbox/requests` and `/sandbox/redirected`, the target of 3xx faults. */
export function adminRoutes(fault: ActiveFault<LimitedFault>, log: RequestLog): Hono<SandboxEnv> {
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
  routes.all("/redirected", (c) => c.json({ redirected: true }));
  return routes;
}
