import { GatewayError } from "../errors/gateway_error.ts";
import type { ByteBudget } from "../limits/byte_budget.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { GrowingBytes } from "./growing_bytes.ts";
import type { Check } from "./checks.ts";
import { requireJson } from "./content_type.ts";
import { cameOverHttp2, declaresBody, mayHaveBody } from "./declared_body.ts";
import { MIN_AVERAGE_BYTES, TinyPieces } from "./tiny_pieces.ts";

/** Options of {@linkcode requestBody}. */
export interface RequestBodyOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** Memory for the bodies of all requests until they are answered. */
  held: ByteBudget;
  /** Longest time for the whole body to arrive, in ms. */
  timeoutMs: number;
  /** Default: one timer for all requests. */
  deadlines?: DeadlineClock | undefined;
  /** True once the process has been told to stop; default: never. */
  isStopping?: () => boolean;
  /**
   * Told of each HTTP/1.1 request that is refused before its body has arrived, instead of cancelling
   * its body. Default: it is cancelled.
   */
  onUnreadBody?: () => void;
}

/**
 * Announced bodies up to this many bytes are read in one go, which takes about 10 µs of CPU less. Such
 * a read cannot be cancelled: what came of a body that never ends is kept until the caller leaves.
 */
const IN_ONE_GO_BYTES = 16 * 1024;

/**
 * Reads the whole request body before anything is sent upstream: half a body never becomes
 * half a message, one that is too large is refused with nothing forwarded, and a request that
 * was provably not sent can be sent again. Takes at most twice as much memory as has come; where
 * the bodies of all requests together would take too much, 503.
 */
export function requestBody(
  {
    maxBytes,
    held,
    timeoutMs,
    deadlines = new Deadlines(),
    isStopping = () => false,
    onUnreadBody,
  }: RequestBodyOptions,
): Check {
  async function read(request: Request, slots: (() => void)[]): Promise<Uint8Array<ArrayBuffer>> {
    const announced = request.headers.get("content-length");
    const length = announced === null ? undefined : Number(announced);
    if (length !== undefined && length > maxBytes) throw tooLarge(maxBytes);
    const share = new BodyShare(held);
    slots.push(() => share.giveBack());
    const isSmall = length !== undefined && length <= IN_ONE_GO_BYTES;
    if (isSmall) share.growTo(length);
    const bytes = new GrowingBytes({ maxBytes, expectedBytes: length });
    const body = await inTime(
      isSmall
        ? inOneGo(request, onUnreadBody)
        : inParts(request, bytes, { maxBytes, share, onUnreadBody }),
    );
    if (body.byteLength > maxBytes) throw tooLarge(maxBytes);
    // The runtime checks this for HTTP/1.1, but reads a reset HTTP/2 stream as if it had ended.
    if (length !== undefined && body.byteLength !== length) throw notAsAnnounced();
    return body;
  }

  function inTime({ whole, giveUp }: Reading): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      const deadline = deadlines.start(timeoutMs, (isOver) => {
        reject(isOver ? notWaitedFor() : tooSlow(timeoutMs));
        giveUp?.();
      });
      whole.then((body) => {
        deadlines.clear(deadline);
        resolve(body);
      }, (cause) => {
        deadlines.clear(deadline);
        reject(isStopping() ? notWaitedFor(cause) : brokenOff(cause));
      });
    });
  }

  return async function requestBody(c) {
    const exchange = c.get("exchange");
    const body = mayHaveBody(c.req.raw) ? await read(c.req.raw, exchange.slots) : null;
    if (body?.byteLength && !declaresBody(c.req.raw)) requireJson(c.req.raw.headers);
    exchange.body = body?.byteLength ? body : null;
  };
}

/** A body that is being read. */
interface Reading {
  readonly whole: Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of what has come, and of what may come. */
  readonly giveUp?: () => void;
}

function inOneGo(request: Request, giveUp?: () => void): Reading {
  // Node 20 has no bytes()
  const whole = request.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  return giveUp ? { whole, giveUp } : { whole };
}

/** What one body takes of the memory for all. */
class BodyShare {
  readonly #held: ByteBudget;
  #bytes = 0;

  constructor(held: ByteBudget) {
    this.#held = held;
  }

  /** @throws {GatewayError} `overloaded` where there is no memory for so many bytes */
  growTo(bytes: number): void {
    const more = bytes - this.#bytes;
    if (!this.#held.hasRoomFor(more)) throw tooManyHeld();
    this.#held.used += more;
    this.#bytes = bytes;
  }

  giveBack(): void {
    this.#held.used -= this.#bytes;
    this.#bytes = 0;
  }
}

interface PartsOptions {
  readonly maxBytes: number;
  readonly share: BodyShare;
  readonly onUnreadBody: (() => void) | undefined;
}

function inParts(
  { body, headers }: Request,
  bytes: GrowingBytes,
  { maxBytes, share, onUnreadBody }: PartsOptions,
): Reading {
  const reader = body?.getReader();
  if (!reader) return { whole: Promise.resolve(bytes.whole()) };
  let isWhole = false;
  let isReleased = false;

  async function read(parts: ReadableStreamDefaultReader<Uint8Array>) {
    const tiny = new TinyPieces();
    for (;;) {
      const { done, value } = await parts.read();
      if (done) {
        isWhole = true;
        return bytes.whole();
      }
      if (!bytes.append(value)) throw tooLarge(maxBytes);
      share.growTo(bytes.capacity);
      tiny.add(value.byteLength);
      if (tiny.areTooMany) throw inTooManyPieces();
    }
  }

  function giveUp(): void {
    if (isReleased) return;
    isReleased = true;
    if (isWhole) return;
    if (cameOverHttp2(headers)) {
      reader?.releaseLock(); // the rest is drained before the answer goes, see drain.ts
    } else if (onUnreadBody) {
      reader?.releaseLock(); // Deno closes such a connection with the idle ones, a cancelled one not
      onUnreadBody();
    } else {
      reader?.cancel().catch(() => {});
    }
  }

  return { whole: read(reader).finally(giveUp), giveUp };
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text:
      `The request body is over the maximum allowed length of ${maxBytes} bytes. Send fewer recipients per batch, or a shorter message.`,
  });
}

function inTooManyPieces(): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text:
      `The request body came in too many pieces of less than ${MIN_AVERAGE_BYTES} bytes. Send it in larger chunks or frames, for example of 1,400 bytes or more.`,
  });
}

function tooManyHeld(): GatewayError {
  return new GatewayError("overloaded", {
    text:
      "The gateway holds too many request bodies; the request was not processed. Try again after Retry-After.",
  });
}

function notAsAnnounced(): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text: "The request body is not as long as its Content-Length. Send it whole.",
  });
}

function tooSlow(timeoutMs: number): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text: `The request body did not arrive within ${timeoutMs} ms. Send it in one go.`,
  });
}

function brokenOff(cause?: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("syntax_constraint_violation", {
    text: "The request body broke off before its announced end. Send it whole.",
    cause,
  });
}

/** A server that is shut down, or closes connections, breaks off what it reads: not the caller's fault. */
function notWaitedFor(cause?: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("overloaded", {
    text:
      "The gateway did not wait for the whole request body; the request was not processed. Try again after Retry-After.",
    cause,
  });
}
