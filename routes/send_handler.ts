import type { Context, Handler } from "hono";
import type { Config } from "../config.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { Settlements } from "../idempotency/settlements.ts";
import type { BatchMemory } from "../middleware/batch_memory.ts";
import type { Forwarder } from "../middleware/forward.ts";
import { idempotency } from "../middleware/idempotency.ts";
import { outstanding, type OutstandingOptions } from "../middleware/outstanding.ts";
import { BUFFERING_TIMEOUT_FACTOR } from "../upstream/transport.ts";

/** Margin of a lease for work that is not counted otherwise, in ms. */
const LEASE_MARGIN_MS = 2_000;

/** Options of {@linkcode sendHandler}. */
export interface SendHandlerOptions {
  limits: OutstandingOptions;
  forwarder: Forwarder;
  /** Absent where no store lasts. */
  settlements: Settlements | undefined;
  /** Absent where callbacks are not configured. */
  batchMemory: BatchMemory | undefined;
}

/** Sends what has passed the checks: with an idempotency key once, see contract.md §5. */
export function sendHandler(
  { upstream, state, idempotency: settings }: Config,
  { limits, forwarder, settlements, batchMemory }: SendHandlerOptions,
): Handler<GatewayEnv> {
  const acquireSlots = outstanding(limits); // last: only what is sent occupies a slot
  const send = async (c: Context<GatewayEnv>) => {
    await acquireSlots(c);
    const reply = await forwarder.send(c);
    return batchMemory ? batchMemory.ofReply(c.get("exchange"), reply) : reply;
  };
  if (settings.mode === "off") return async (c) => forwarder.respond(c, await send(c));
  const { timeoutMs, idleTimeoutMs } = upstream;
  const leaseMs = timeoutMs + BUFFERING_TIMEOUT_FACTOR * idleTimeoutMs + state.timeoutMs +
    LEASE_MARGIN_MS;
  return idempotency({
    ...settings,
    ttlMs: Math.max(settings.ttlMs, leaseMs), // else a key could be free while it is in use
    required: settings.mode === "required",
    settlements,
    leaseMs,
    lookupTimeoutMs: timeoutMs,
    forwarder,
    batchMemory,
    send,
  });
}
