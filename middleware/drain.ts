import { cameOverHttp2 } from "./declared_body.ts";
import type { RequestHooks } from "../exchange.ts";
import { SmallChunks } from "./small_chunks.ts";

/**
 * Maximum size that is drained, in bytes. A stream with more data, or with too many small chunks, is
 * reset.
 */
const MAX_DRAINED_BYTES = 4 * 1024 * 1024;

/** Timeout for draining, in ms. */
const MAX_DRAIN_MS = 2_000;

/** The same during the shutdown, whose grace period is short. */
const MAX_DRAIN_WHILE_STOPPING_MS = 50;

/**
 * Reads the rest of the request body before an HTTP/2 request is rejected. The runtime's server
 * resets a stream whose body was not read, and many clients then discard the response that they have
 * already received. HTTP/1.1 clients do not.
 */
export function drainHttp2(isStopping: () => boolean): RequestHooks {
  return {
    onResponse(c) {
      const request = c.req.raw;
      if (c.res.status < 400 || !cameOverHttp2(request.headers)) return;
      if (!request.body || request.body.locked) return;
      return drain(request.body, isStopping() ? MAX_DRAIN_WHILE_STOPPING_MS : MAX_DRAIN_MS);
    },
  };
}

async function drain(body: ReadableStream<Uint8Array>, ms: number): Promise<void> {
  const reader = body.getReader();
  const deadline = setTimeout(() => reader.cancel().catch(() => {}), ms);
  try {
    const small = new SmallChunks();
    for (let drained = 0; drained < MAX_DRAINED_BYTES && !small.areTooMany;) {
      const { done, value } = await reader.read();
      if (done) return;
      drained += value.byteLength;
      small.add(value.byteLength);
    }
    reader.cancel().catch(() => {});
  } catch {
    // The caller has closed the connection: no response is sent.
  } finally {
    clearTimeout(deadline);
  }
}
