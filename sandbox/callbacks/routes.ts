/** Routes that the real SMS API does not have: attempts and faults of callbacks, inbound texts. */

import { Hono } from "hono";
import type { SandboxEnv } from "../env.ts";
import { readFault } from "../faults.ts";
import { ReceivedText } from "../inbound_texts.ts";
import { parseObject } from "../json.ts";
import type { Inbound } from "../resources.ts";
import type { Callbacks } from "./callbacks.ts";
import { CallbackFault } from "./faults.ts";

/** `/sandbox/callbacks`, `/sandbox/callback_faults` and `/sandbox/inbounds`. */
export function callbackRoutes(
  callbacks: Callbacks,
  receiveText: (text: ReceivedText) => Inbound,
): Hono<SandboxEnv> {
  const routes = new Hono<SandboxEnv>();
  routes.get("/callbacks", (c) => {
    const attempts = callbacks.attempts();
    return c.json({ count: attempts.length, attempts });
  });
  routes.get("/callback_faults", (c) => c.json(callbacks.fault.current ?? {}));
  routes.put("/callback_faults", async (c) => {
    callbacks.fault.set(readFault(CallbackFault, parseObject(await c.req.text())));
    return c.json(callbacks.fault.current ?? {});
  });
  routes.delete("/callback_faults", (c) => {
    callbacks.fault.clear();
    return c.body(null, 204);
  });
  routes.post("/inbounds", async (c) => {
    const text = readFault(ReceivedText, parseObject(await c.req.text()));
    return c.json(receiveText(text), 201);
  });
  return routes;
}
