import { GatewayError } from "../errors/gateway_error.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { GrowingBytes } from "./growing_bytes.ts";
import type { Check } from "./checks.ts";
import { isHttp2, mayHaveBody } from "./declared_body.ts";
import { MIN_AVERAGE_BYTES, TinyPieces } from "./tiny_pieces.ts";

/** Options of {@linkcode requestBody}. */
export interface RequestBodyOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** Longest time for the whole body to arrive, in ms. */
  timeoutMs: number;
  /** Default: one timer for all requests. */
  deadlines?: DeadlineClock | undefined;
  /** True once the process has been told to stop; default: never. */
  isStopping?: () => boolean;
}

/**
 * Announced bodies up to this many bytes are read in one go, which takes about 10 µs of CPU less. Such
 * a read cannot be cancelled: what came of a body that never ends is kept until the caller leaves.
 */
const IN_ONE_GO_BYTES = 16 * 1024;

/**
 * Reads the whole request body before anything is sent upstream: half a body never becomes
 * half a message, one that is too large is refused with nothing forwarded, and a request that
 * was provably not sent can be sent again. Takes at most twice as much memory as has come.
 */
export function requestBody(
  { maxBytes, timeoutMs, deadlines = new Deadlines(), isStopping = () => false }:
    RequestBodyOptions,
): Check {
  async function read(request: Request): Promise<Uint8Array<ArrayBuffer>> {
    const announced = request.headers.get("content-length");
    const length = announced === null ? undefined : Number(announced);
    if (length !== undefined && length > maxBytes) throw tooLarge(maxBytes);
    const isSmall = length !== undefined && length <= IN_ONE_GO_BYTES;
    const bytes = new GrowingBytes({ maxBytes, expectedBytes: length });
    const body = await inTime(isSmall ? inOneGo(request) : inParts(request, bytes, maxBytes));
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
    const body = mayHaveBody(c.req.raw) ? await read(c.req.raw) : null;
    c.get("exchange").body = body?.byteLength ? body : null;
  };
}

/** A body that is being read. */
interface Reading {
  readonly whole: Promise<Uint8Array<ArrayBuffer>>;
  /** Lets go of what has come, and of what may come. */
  readonly giveUp?: () => void;
}

function inOneGo(request: Request): Reading {
  // Node 20 has no bytes()
  return { whole: request.arrayBuffer().then((buffer) => new Uint8Array(buffer)) };
}

function inParts({ body, headers }: Request, bytes: GrowingBytes, maxBytes: number): Reading {
  const reader = body?.getReader();
  if (!reader) return { whole: Promise.resolve(bytes.whole()) };

  async function read(parts: ReadableStreamDefaultReader<Uint8Array>) {
    const tiny = new TinyPieces();
    for (;;) {
      const { done, value } = await parts.read();
      if (done) return bytes.whole();
      if (!bytes.append(value)) throw tooLarge(maxBytes);
      tiny.add(value.byteLength);
      if (tiny.areTooMany) throw inTooManyPieces();
    }
  }

  function giveUp(): void {
    // Over HTTP/2 the rest is drained before the answer goes, see drain.ts.
    if (isHttp2(headers)) reader?.releaseLock();
    else reader?.cancel().catch(() => {});
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

/** A server that is shut down breaks off what it reads: not the caller's fault. */
function notWaitedFor(cause?: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("overloaded", {
    text:
      "The gateway is being stopped and did not wait for the whole request body; the request was not processed. Try again after Retry-After.",
    cause,
  });
}
