import type { Context, MiddlewareHandler } from "hono";
import { delay } from "@std/async/delay";
import type { SandboxEnv } from "./app.ts";
import { faultResponse } from "./fault_shapes.ts";
import { type Fault, faultInQuery, type FaultSwitch } from "./faults.ts";
import { cutShort, hangUp, sendAsIs, type Wire } from "./wire.ts";

/**
 * Lets a request meet the fault of its own query string, or else the one that stands for
 * all. A status and a reset before the headers keep the request from having any effect; a
 * delay, a stall and a reset amid the body come after it has had one.
 */
export function injectFaults(faults: FaultSwitch): MiddlewareHandler<SandboxEnv> {
  return async function injectFaults(c, next) {
    const fault = faultInQuery(c.get("query")) ?? faults.take();
    if (!fault) return await next();
    const response = await respond(c, fault, next);
    if (fault.delay_ms) await pause(fault.delay_ms, c.req.raw.signal);
    const sent = await send(c.env ?? {}, fault, response);
    c.res = undefined; // or Hono would give `sent` the headers of what it replaces
    c.res = sent;
  };
}

/** The fault's own answer, or what the API answers; none if nothing is to happen. */
async function respond(
  c: Context<SandboxEnv>,
  fault: Fault,
  next: () => Promise<void>,
): Promise<Response | undefined> {
  if (fault.reset === "before_headers") return undefined;
  if (fault.status !== undefined || fault.shape !== undefined) return await faultResponse(fault);
  await next();
  return c.res;
}

/** Hands the response over, whole or not. */
async function send(wire: Wire, fault: Fault, response: Response | undefined): Promise<Response> {
  if (!response) return hangUp(wire);
  if (fault.reset) return await cutShort(wire, response, "reset");
  if (fault.stall) return await cutShort(wire, response, "stall");
  return fault.shape === "no_type" ? await sendAsIs(wire, response) : response;
}

/** Waits, but not for a caller who has gone. */
async function pause(ms: number, gone: AbortSignal): Promise<void> {
  try {
    await delay(ms, { signal: gone });
  } catch {
    // Nobody is left to answer; the rest of the fault has no effect any more.
  }
}
