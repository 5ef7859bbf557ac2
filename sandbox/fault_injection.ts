import type { Context, MiddlewareHandler } from "hono";
import { delay } from "@std/async/delay";
import type { ActiveFault } from "./active_fault.ts";
import type { SandboxEnv } from "./env.ts";
import { faultResponse } from "./fault_response.ts";
import { type Fault, faultInQuery, type LimitedFault } from "./faults.ts";
import {
  type NodeBindings,
  resetConnection,
  sendPartially,
  sendUnchanged,
} from "./raw_response.ts";

/**
 * Applies the fault of the request's query string, or else the active one. With a status, a shape
 * or a reset before the headers the request has no effect; with a delay, a stall or a reset in the
 * body it has.
 */
export function injectFaults(active: ActiveFault<LimitedFault>): MiddlewareHandler<SandboxEnv> {
  return async function injectFaults(c, next) {
    const fault = faultInQuery(c.get("query")) ?? active.take();
    if (!fault) return await next();
    const response = await respond(c, fault, next);
    if (fault.delay_ms) await pause(fault.delay_ms, c.req.raw.signal);
    const sent = await send(c.env ?? {}, fault, response);
    c.res = undefined; // otherwise Hono copies headers of the previous response to `sent`
    c.res = sent;
  };
}

/** The response of the fault, or of the API; undefined if the connection is reset instead. */
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

/** Sends the response, whole or in part, as the fault says. */
async function send(
  bindings: NodeBindings,
  fault: Fault,
  response: Response | undefined,
): Promise<Response> {
  if (!response) return resetConnection(bindings);
  if (fault.reset) return await sendPartially(bindings, response, "reset");
  if (fault.stall) return await sendPartially(bindings, response, "stall");
  return fault.shape === "no_type" ? await sendUnchanged(bindings, response) : response;
}

/** Waits, at most until the client disconnects. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, { signal });
  } catch {
    // The client has disconnected: the response cannot be sent in any case.
  }
}
