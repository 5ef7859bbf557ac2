import type { ByteBudget } from "../limits/byte_budget.ts";
import { cameOverHttp2 } from "./declared_body.ts";
import { GrowingBytes } from "./growing_bytes.ts";
import { bodyTooLarge, tooManyHeldBytes, tooManySmallChunks } from "./request_body_errors.ts";
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
  /** Accounts for the memory of this body. */
  memory: BodyMemory;
  /** See `RequestBodyOptions`. */
  onUnreadBody: (() => void) | undefined;
}

/** The memory that one body uses of the budget for all bodies. */
export class BodyMemory {
  readonly #budget: ByteBudget;
  #bytes = 0;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** @throws {GatewayError} `overloaded` if the budget does not allow so many bytes */
  growTo(bytes: number): void {
    const added = bytes - this.#bytes;
    if (!this.#budget.allows(added)) throw tooManyHeldBytes();
    this.#budget.used += added;
    this.#bytes = bytes;
  }

  release(): void {
    this.#budget.used -= this.#bytes;
    this.#bytes = 0;
  }
}

/** Reads the whole body with one call; `onUnreadBody` is called if it does not arrive over HTTP/1.1. */
export function readAtOnce(request: Request, onUnreadBody?: () => void): BodyReading {
  // Node 20 has no Request.bytes().
  const body = request.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  const cancel = () => {
    if (!cameOverHttp2(request.headers)) onUnreadBody?.();
  };
  return { body, cancel };
}

/** Reads the body chunk by chunk, and stops at the first chunk that exceeds a limit. */
export function readInChunks(
  { body, headers }: Request,
  { maxBytes, expectedBytes, memory, onUnreadBody }: ReadInChunksOptions,
): BodyReading {
  const bytes = new GrowingBytes({ maxBytes, expectedBytes });
  const reader = body?.getReader();
  if (!reader) return { body: Promise.resolve(bytes.whole()) };
  let isEnded = false;

  async function read(chunks: ReadableStreamDefaultReader<Uint8Array>) {
    const small = new SmallChunks();
    for (;;) {
      const { done, value } = await chunks.read();
      if (done) {
        isEnded = true;
        return bytes.whole();
      }
      if (!bytes.append(value)) throw bodyTooLarge(maxBytes);
      memory.growTo(bytes.capacity);
      small.add(value.byteLength);
      if (small.areTooMany) throw tooManySmallChunks();
    }
  }

  function cancel(): void {
    if (isEnded) return;
    isEnded = true;
    if (cameOverHttp2(headers)) {
      reader?.releaseLock(); // the rest is drained before the response is sent, see drain.ts
    } else if (onUnreadBody) {
      reader?.releaseLock(); // cancelled, Deno would not close the connection with the idle ones
      onUnreadBody();
    } else {
      reader?.cancel().catch(() => {});
    }
  }

  return { body: read(reader).finally(cancel), cancel };
}
