import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";
import type { Deadline, DeadlineClock } from "../limits/deadlines.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Options of {@linkcode trackedBody}. */
export interface TrackedBodyOptions {
  /** Longest time without a read by the caller, in ms. */
  readTimeoutMs: number;
  deadlines: DeadlineClock;
}

/**
 * Wraps a streamed response body. Its length and its end are recorded on the exchange, for span,
 * log and metrics. The body is aborted when the caller stops reading: otherwise the request would
 * occupy its slots, and a connection to the upstream, without limit.
 */
export function trackedBody(
  exchange: Exchange,
  body: ReadableStream<Bytes>,
  { readTimeoutMs, deadlines }: TrackedBodyOptions,
): ReadableStream<Bytes> {
  const reader = body.getReader();
  let onComplete: () => void;
  let onAbort: (reason: unknown) => void;
  exchange.streamed = new Promise((resolve, reject) => [onComplete, onAbort] = [resolve, reject]);
  let size = exchange.bytesOut = 0;
  let readDeadline: Deadline | undefined;
  let lastByte: Bytes | undefined;

  function abort(reason: unknown): void {
    onAbort(reason);
    reader.cancel(reason).catch(() => {}); // the exchange has ended already
  }

  /**
   * Enqueues a chunk but its last byte, which becomes a chunk of its own (see `inPieces`).
   * Returns false if nothing was enqueued.
   */
  function enqueue(
    controller: ReadableStreamDefaultController<Bytes>,
    chunk: Bytes = new Uint8Array(),
  ): boolean {
    const parts = [lastByte, chunk.subarray(0, -1)].filter((part) => part?.byteLength);
    for (const part of parts) controller.enqueue(part);
    exchange.bytesOut = size += chunk.byteLength;
    lastByte = chunk.subarray(-1);
    return parts.length > 0;
  }

  // Not pipeTo, which aborts only after the caller has read the chunks in flight.
  return new ReadableStream({
    async pull(controller) {
      if (readDeadline) deadlines.clear(readDeadline);
      try {
        for (let isEnqueued = false; !isEnqueued;) {
          const { done, value } = await reader.read();
          isEnqueued = enqueue(controller, value);
          if (done) {
            controller.close();
            return onComplete();
          }
        }
      } catch (error) {
        controller.error(error);
        return onAbort(error);
      }
      readDeadline = deadlines.start(readTimeoutMs, (isShutdown) => {
        const error = isShutdown ? shutDown() : readTimeout(readTimeoutMs);
        controller.error(error);
        abort(error);
      });
    },
    cancel(reason) {
      if (readDeadline) deadlines.clear(readDeadline);
      abort(reason);
    },
  }, { highWaterMark: 0 });
}

function readTimeout(ms: number): GatewayError {
  const cause = new Error(`the caller read nothing for ${ms} ms`);
  return new GatewayError("client_closed_request", { cause });
}

function shutDown(): GatewayError {
  const cause = new Error("the gateway shut down before the whole response was read");
  return new GatewayError("overloaded", { cause });
}
