import type { Context, MiddlewareHandler } from "hono";
import type { GatewayEnv } from "../exchange.ts";
import type { DeadlineClock } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { FEW_BYTES, inPieces } from "./pieces.ts";

/** Options of {@linkcode answers}. */
export interface AnswersOptions {
  /** Longest time for a caller to take a whole answer, in ms, where the runtime can end it. */
  timeoutMs: number;
  deadlines: DeadlineClock;
}

/**
 * Answers outstanding to requests that hold no slot of a caller, such as refusals, in all. Beyond
 * that they go without their body: an answer that is only headers is never kept for HTTP/2.
 */
export const MAX_SMALL_ANSWERS = 512;

/**
 * Gives the slots of a request back when its answer was taken, or its connection has ended. Until
 * then the runtime keeps the answer in memory: over HTTP/2 a caller may open a window of 0 bytes.
 */
export function answers(options: AnswersOptions): MiddlewareHandler<GatewayEnv> {
  const small = new OutstandingLimiter(MAX_SMALL_ANSWERS);

  async function handOver(c: Context<GatewayEnv>, slots: (() => void)[]): Promise<void> {
    if (c.res.body === null || c.req.raw.method === "HEAD") return giveBack(slots);
    if (slots.length === 0) {
      const slot = small.acquire("all");
      if (!slot) return replace(c, withBody(c.res, null));
      slots.push(slot);
    }
    if (!isStream(c)) replace(c, withBody(c.res, new Uint8Array(await c.res.arrayBuffer())));
    whenTaken(c, slots, options);
  }

  return async function answers(c, next) {
    const slots: (() => void)[] = [];
    c.set("untilTaken", slots);
    await next();
    const { env } = c;
    if (!env || !("completed" in env)) return giveBackAtEnd(c, slots);
    if (env.giveUp) return whenTaken(c, slots, options);
    if (!isStream(c) && isProportionate(sizeOf(c))) return giveBack(slots);
    await handOver(c, slots);
  };
}

/**
 * The body of an answer, as a stream where the runtime tells of the end of streams only. The answer
 * has to have a `Content-Length`.
 */
export function bodyOf(
  c: Context<GatewayEnv>,
  bytes: Uint8Array<ArrayBuffer>,
): ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
  const { env } = c;
  if (!env || !("completed" in env) || env.giveUp) return bytes;
  if (isProportionate(bytes.byteLength)) return bytes;
  c.set("isStream", true);
  return inPieces(bytes);
}

/** Few bytes are not counted: a stream of them would cost every honest caller a tenth more. */
function isProportionate(size: number): boolean {
  return size <= FEW_BYTES;
}

function sizeOf(c: Context<GatewayEnv>): number {
  const exchange = c.get("exchange");
  // The length of an error is not on the exchange, but errors are small.
  return exchange ? exchange.bytesOut ?? 0 : Number(c.res.headers.get("content-length") ?? 0);
}

/** The runtime tells of the end of streams only. */
function isStream(c: Context<GatewayEnv>): boolean {
  return c.get("isStream") ?? c.get("exchange")?.streamed !== undefined;
}

function withBody({ status, headers: given }: Response, bytes: Uint8Array<ArrayBuffer> | null) {
  const headers = new Headers(given);
  headers.set("content-length", String(bytes?.byteLength ?? 0));
  return new Response(bytes && inPieces(bytes), { status, headers });
}

function whenTaken(
  c: Context<GatewayEnv>,
  slots: (() => void)[],
  { timeoutMs, deadlines }: AnswersOptions,
): void {
  const { env } = c;
  const deadline = env.giveUp && deadlines.start(timeoutMs, () => env.giveUp?.());
  const end = () => {
    if (deadline) deadlines.clear(deadline);
    giveBack(slots);
  };
  env.completed?.then(end, end);
}

/** Where the runtime does not tell: when the answer was handed over. */
function giveBackAtEnd(c: Context<GatewayEnv>, slots: (() => void)[]): void {
  const end = () => giveBack(slots);
  const streamed = c.get("exchange")?.streamed;
  if (streamed) streamed.then(end, end);
  else end();
}

function giveBack(slots: (() => void)[]): void {
  for (const release of slots) release();
}

function replace(c: Context<GatewayEnv>, response: Response): void {
  c.res = undefined; // else Hono adds the headers of the one before
  c.res = response;
}
