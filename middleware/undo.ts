import type { Context } from "hono";
import { toFailure } from "../errors/to_response.ts";
import type { GatewayEnv } from "../exchange.ts";
import type { UpstreamReply } from "../upstream/transport.ts";

/** Sends a request; rejects if it was refused, or if there is no success. */
export type Send = (c: Context<GatewayEnv>) => Promise<UpstreamReply>;

/**
 * Undoes what was done for a request that was provably not processed: releases its key (contract.md
 * §5) and gives its message parts back (§7). Where the outcome is unknown, both are kept.
 */
export function undoIfNotProcessed(send: Send): Send {
  return async function undoIfNotProcessed(c) {
    try {
      return await send(c);
    } catch (error) {
      const { attempts, undo } = c.get("exchange");
      const { processed } = toFailure(error, { sent: attempts.length > 0 });
      // The last first: the key is free when nothing of this request is left.
      if (processed === "no") { for (const step of undo.splice(0).reverse()) await step(); }
      throw error;
    }
  };
}
