/** Routes outside the SMS API, for people and tests: faults and the requests received. */

import { Hono } from "hono";
import type { SandboxEnv } from "./app.ts";
import { type FaultSwitch, readFault, StandingFault } from "./faults.ts";
import { parseObject } from "./json.ts";
import type { RequestLog } from "./request_log.ts";

/** `/sandbox/faults`, `/sandbox/requests` and the page that a 3xx fault leads to. */
export function adminRoutes(faults: FaultSwitch, log: RequestLog): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  routes.get("/faults", (c) => c.json(faults.standing ?? {}));
  routes.put("/faults", async (c) => {
    faults.set(readFault(StandingFault, parseObject(await c.req.text())));
    return c.json(faults.standing ?? {});
  });
  routes.delete("/faults", (c) => {
    faults.clear();
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
