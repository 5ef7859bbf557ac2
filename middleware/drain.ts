import type { MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import { cameOverHttp2 } from "./declared_body.ts";
import { TinyPieces } from "./tiny_pieces.ts";

/**
 * More of a refused body is not read, in bytes: then its stream is reset. So is one whose body comes
 * in too many tiny pieces.
 */
const MAX_DRAINED_BYTES = 4 * 1024 * 1024;

/** Nor is it waited for longer, in ms; and hardly at all by a process that is about to end. */
const MAX_DRAIN_MS = 2_000;
const MAX_DRAIN_WHILE_STOPPING_MS = 50;

/**
 * Takes what is left of a request body before an HTTP/2 request is answered. The server below
 * resets a stream whose body nobody read, and many clients then drop the answer they already
 * have: a refusal would never be seen. HTTP/1.1 clients read it all the same.
 */
export function drainHttp2(isStopping: () => boolean): MiddlewareHandler<GatewayEnv> {
  return async function drainHttp2(c, next) {
    await next();
    const request = c.req.raw;
    if (c.res.status < 400 || !cameOverHttp2(request.headers)) return;
    if (!request.body || request.body.locked) return;
    await drain(request.body, isStopping() ? MAX_DRAIN_WHILE_STOPPING_MS : MAX_DRAIN_MS);
  };
}

async function drain(body: ReadableStream<Uint8Array>, ms: number): Promise<void> {
  const reader = body.getReader();
  const deadline = setTimeout(() => reader.cancel().catch(() => {}), ms);
  try {
    const tiny = new TinyPieces();
    for (let taken = 0; taken < MAX_DRAINED_BYTES && !tiny.areTooMany;) {
      const { done, value } = await reader.read();
      if (done) return;
      taken += value.byteLength;
      tiny.add(value.byteLength);
    }
    reader.cancel().catch(() => {});
  } catch {
    // The caller has left: no answer is sent.
  } finally {
    clearTimeout(deadline);
  }
}
