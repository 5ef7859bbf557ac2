import type { Context, Next } from "hono";
import type { GatewayEnv } from "../exchange.ts";

/** Gives a slot back when the answer is complete: by its end, a throw, or the end of its stream. */
export async function heldUntilAnswered(
  c: Context<GatewayEnv>,
  next: Next,
  release: () => void,
): Promise<void> {
  try {
    await next();
  } finally {
    const { streamed } = c.get("exchange");
    if (streamed) streamed.then(release, release);
    else release();
  }
}
