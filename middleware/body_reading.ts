import { GrowingBytes } from "../upstream/bytes.ts";
import { isHttp2 } from "./declared_body.ts";
import { bodyTooLarge, tooManySmallChunks } from "./request_body_errors.ts";
import { SmallChunks } from "./small_chunks.ts";

/** A request body that is being read. */
export interface BodyReading {
  /** The whole body; rejects if it ends early, is too large, or has too many small chunks. */
  readonly body: Promise<Uint8Array<ArrayBuffer>>;
  /** Stops reading and releases the received chunks; absent where the read cannot be cancelled. */
  readonly cancel?: () => void;
}

/** Options of {@linkcode readInChunks}. */
export interface ReadInChunksOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** The value of `Content-Length`; undefined: unknown. */
  expectedBytes: number | undefined;
}

/** Reads the whole body with one call, which cannot be cancelled. */
export function readAtOnce(request: Request): BodyReading {
  // Node 20 has no Request.bytes().
  return { body: request.arrayBuffer().then((buffer) => new Uint8Array(buffer)) };
}

/** Reads the body chunk by chunk, and stops at the first chunk that exceeds a limit. */
export function readInChunks(
  { body, headers }: Request,
  { maxBytes, expectedBytes }: ReadInChunksOptions,
): BodyReading {
  const bytes = new GrowingBytes({ maxBytes, expectedBytes });
  const reader = body?.getReader();
  if (!reader) return { body: Promise.resolve(bytes.whole()) };

  async function read(chunks: ReadableStreamDefaultReader<Uint8Array>) {
    const small = new SmallChunks();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done) return bytes.whole();
      if (!bytes.append(value)) throw bodyTooLarge(maxBytes);
      small.add(value.byteLength);
      if (small.areTooMany) throw tooManySmallChunks();
    }
  }

  function cancel(): void {
    // Over HTTP/2 the rest is drained before the response is sent, see drain.ts.
    if (isHttp2(headers)) reader?.releaseLock();
    else reader?.cancel().catch(() => {});
  }

  return { body: read(reader).finally(cancel), cancel };
}
