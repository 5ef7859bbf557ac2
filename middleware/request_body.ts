import type { ByteBudget } from "../limits/byte_budget.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { BodyMemory, type BodyReading, readAtOnce, readInChunks } from "./body_reading.ts";
import type { Check } from "./checks.ts";
import { requireJson } from "./content_type.ts";
import { declaresBody, mayHaveBody } from "./declared_body.ts";
import {
  bodyAborted,
  bodyTimeout,
  bodyTooLarge,
  lengthMismatch,
  notAwaited,
} from "./request_body_errors.ts";

/** Options of {@linkcode requestBody}. */
export interface RequestBodyOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** Budget for the bodies of all requests until their responses. */
  held: ByteBudget;
  /** Checks the headers of a body that came without being declared. Default: requires JSON. */
  requireType?: (headers: Headers) => void;
  /** Timeout for the whole body, in ms. */
  timeoutMs: number;
  /** Default: a new clock with one timer for all requests. */
  deadlines?: DeadlineClock | undefined;
  /** Whether the process is shutting down; default: never. */
  isStopping?: () => boolean;
  /** Whether this process may cut bodies off, since it closes connections; default: never. */
  isCuttingOff?: () => boolean;
  /**
   * Told of each HTTP/1.1 request that is refused before its body has arrived, instead of cancelling
   * its body. Default: it is cancelled.
   */
  onUnreadBody?: () => void;
  /** Told of the size of each body that has arrived. Default: nobody is told. */
  onBody?: (bytes: number) => void;
}

/**
 * Largest `Content-Length` that is read with one call, in bytes: in chunks a body of 50 KB costs 100
 * µs of CPU more. For such a call Deno's buffer for the connection grows to the length of the body,
 * and stays so until the connection ends; for chunks it grows to 64 KiB. Such a read cannot be
 * cancelled: after a timeout the received part stays in memory until the caller closes the
 * connection.
 */
const READ_AT_ONCE_BYTES = 64 * 1024;

/**
 * Reads the whole request body before anything is sent upstream (contract.md §2). A truncated body
 * is therefore never sent, a body that is too large is rejected with nothing forwarded, and the
 * request can be retried. Uses at most twice the received size, or 64 KiB, in memory; responds 503 if the bodies
 * of all requests together would use too much.
 */
export function requestBody(
  {
    maxBytes,
    held,
    timeoutMs,
    deadlines = new Deadlines(),
    isStopping = () => false,
    isCuttingOff = () => false,
    onUnreadBody,
    onBody,
    requireType = requireJson,
  }: RequestBodyOptions,
): Check {
  async function read(request: Request, slots: (() => void)[]): Promise<Uint8Array<ArrayBuffer>> {
    const header = request.headers.get("content-length");
    const length = header === null ? undefined : Number(header);
    if (length !== undefined && length > maxBytes) throw bodyTooLarge(maxBytes);
    const memory = new BodyMemory(held);
    slots.push(() => memory.release());
    const isSmall = length !== undefined && length <= READ_AT_ONCE_BYTES;
    if (isSmall) memory.growTo(length);
    const body = await withTimeout(
      isSmall
        ? readAtOnce(request, onUnreadBody)
        : readInChunks(request, { maxBytes, expectedBytes: length, memory, onUnreadBody }),
    );
    onBody?.(body.byteLength);
    if (body.byteLength > maxBytes) throw bodyTooLarge(maxBytes);
    // The runtime checks this for HTTP/1.1, but reads a reset HTTP/2 stream as if it had ended.
    if (length !== undefined && body.byteLength !== length) throw lengthMismatch();
    return body;
  }

  function withTimeout({ body, cancel }: BodyReading): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      const deadline = deadlines.start(timeoutMs, (isOver) => {
        reject(isOver ? notAwaited() : bodyTimeout(timeoutMs));
        cancel?.();
      });
      body.then((whole) => {
        deadlines.clear(deadline);
        resolve(whole);
      }, (cause) => {
        deadlines.clear(deadline);
        reject(isStopping() || isCuttingOff() ? notAwaited(cause) : bodyAborted(cause));
      });
    });
  }

  return async function requestBody(c) {
    const exchange = c.get("exchange");
    const body = mayHaveBody(c.req.raw) ? await read(c.req.raw, exchange.slots) : null;
    if (body?.byteLength && !declaresBody(c.req.raw)) requireType(c.req.raw.headers);
    exchange.body = body?.byteLength ? body : null;
  };
}
