import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";
import type { Deadline, DeadlineClock } from "../limits/deadlines.ts";

/** Options of {@linkcode watched}. */
export interface WatchedOptions {
  /** Longest time for a caller to take nothing, in ms. */
  takeTimeoutMs: number;
  deadlines: DeadlineClock;
}

/**
 * A streamed body as it is, with its bytes counted and its end noted for the span. A caller
 * that stops taking is given up: it would keep its slots, and a connection upstream, for ever.
 */
export function watched(
  exchange: Exchange,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  { takeTimeoutMs, deadlines }: WatchedOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  let whole: () => void;
  let cutShort: (why: unknown) => void;
  exchange.streamed = new Promise((resolve, reject) => [whole, cutShort] = [resolve, reject]);
  let size = exchange.bytesOut = 0;
  let untaken: Deadline | undefined;
  let last: Uint8Array<ArrayBuffer> | undefined;

  function giveUp(why: unknown): void {
    cutShort(why);
    reader.cancel(why).catch(() => {}); // it is over, however that goes
  }

  /** Keeps the last byte back: it is a piece of its own, see chunked. False where that is all. */
  function passOn(
    controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>,
    chunk: Uint8Array<ArrayBuffer> = new Uint8Array(),
  ): boolean {
    const pieces = [last, chunk.subarray(0, -1)].filter((piece) => piece?.byteLength);
    for (const piece of pieces) controller.enqueue(piece);
    exchange.bytesOut = size += chunk.byteLength;
    last = chunk.subarray(-1);
    return pieces.length > 0;
  }

  // Not pipeTo: that would wait for the caller to take what is on its way before it gives up.
  return new ReadableStream({
    async pull(controller) {
      if (untaken) deadlines.clear(untaken);
      try {
        for (let isPassedOn = false; !isPassedOn;) {
          const { done, value } = await reader.read();
          isPassedOn = passOn(controller, value);
          if (done) {
            controller.close();
            return whole();
          }
        }
      } catch (cut) {
        controller.error(cut);
        return cutShort(cut);
      }
      untaken = deadlines.start(takeTimeoutMs, (isOver) => {
        const late = isOver ? stopped() : tookNothing(takeTimeoutMs);
        controller.error(late);
        giveUp(late);
      });
    },
    cancel(why) {
      if (untaken) deadlines.clear(untaken);
      giveUp(why);
    },
  }, { highWaterMark: 0 });
}

function tookNothing(ms: number): GatewayError {
  const cause = new Error(`the caller took nothing for ${ms} ms`);
  return new GatewayError("client_closed_request", { cause });
}

function stopped(): GatewayError {
  const cause = new Error("the gateway was stopped before all of it was taken");
  return new GatewayError("overloaded", { cause });
}
