import type { Context } from "hono";
import type { GatewayEnv, RequestHooks } from "../exchange.ts";
import type { DeadlineClock } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { chunked, MAX_UNTRACKED_BYTES } from "./chunks.ts";

/** Options of {@linkcode responseSlots}. */
export interface ResponseSlotsOptions {
  /** Timeout for the client to receive a whole response, in ms, if the runtime can abort it. */
  timeoutMs: number;
  deadlines: DeadlineClock;
}

/**
 * Maximum number of outstanding responses to requests without a slot, such as rejected ones. Further
 * ones are sent without their body: the server never buffers a response that is only headers.
 */
export const MAX_RESPONSES_WITHOUT_SLOT = 512;

/**
 * Releases the slots of a request when the client has received the response, or the connection has
 * ended. Until then the runtime keeps the response in memory: an HTTP/2 client may set its flow
 * control window to 0 bytes.
 */
export function responseSlots(options: ResponseSlotsOptions): RequestHooks {
  const withoutSlot = new OutstandingLimiter(MAX_RESPONSES_WITHOUT_SLOT);

  async function trackResponse(c: Context<GatewayEnv>, slots: (() => void)[]): Promise<void> {
    if (c.res.body === null || c.req.raw.method === "HEAD") return releaseAll(slots);
    if (slots.length === 0) {
      const slot = withoutSlot.acquire("all");
      if (!slot) return replace(c, withBody(c.res, null));
      slots.push(slot);
    }
    if (!isStream(c)) replace(c, withBody(c.res, new Uint8Array(await c.res.arrayBuffer())));
    releaseWhenCompleted(c, slots, options);
  }

  return {
    onRequest: (c) => c.set("responseSlots", []),
    onResponse(c) {
      const { env } = c;
      const slots = c.get("responseSlots");
      if (!env || !("completed" in env)) return releaseAtEnd(c, slots);
      if (env.giveUp) return releaseWhenCompleted(c, slots, options);
      if (!isStream(c) && isSmall(sizeOf(c))) return releaseAll(slots);
      return trackResponse(c, slots);
    },
  };
}

/**
 * The body of a response, as a stream where the runtime reports completion of streams only. The
 * response must have a `Content-Length`.
 */
export function responseBody(
  c: Context<GatewayEnv>,
  bytes: Uint8Array<ArrayBuffer>,
): ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> {
  const { env } = c;
  if (!env || !("completed" in env) || env.giveUp) return bytes;
  if (isSmall(bytes.byteLength)) return bytes;
  c.set("isStream", true);
  return chunked(bytes);
}

/** Small responses are not tracked: to stream them would cost 10 % more CPU per request. */
function isSmall(size: number): boolean {
  return size <= MAX_UNTRACKED_BYTES;
}

function sizeOf(c: Context<GatewayEnv>): number {
  const exchange = c.get("exchange");
  // The exchange does not have the length of an error, but errors are small.
  return exchange ? exchange.bytesOut ?? 0 : Number(c.res.headers.get("content-length") ?? 0);
}

function isStream(c: Context<GatewayEnv>): boolean {
  return c.get("isStream") ?? c.get("exchange")?.streamed !== undefined;
}

function withBody({ status, headers: given }: Response, bytes: Uint8Array<ArrayBuffer> | null) {
  const headers = new Headers(given);
  headers.set("content-length", String(bytes?.byteLength ?? 0));
  return new Response(bytes && chunked(bytes), { status, headers });
}

function releaseWhenCompleted(
  c: Context<GatewayEnv>,
  slots: (() => void)[],
  { timeoutMs, deadlines }: ResponseSlotsOptions,
): void {
  const { env } = c;
  const deadline = env.giveUp && deadlines.start(timeoutMs, () => env.giveUp?.());
  const end = () => {
    if (deadline) deadlines.clear(deadline);
    releaseAll(slots);
  };
  env.completed?.then(end, end);
}

/** For runtimes that do not report completion: releases when the last byte was passed to them. */
function releaseAtEnd(c: Context<GatewayEnv>, slots: (() => void)[]): void {
  const end = () => releaseAll(slots);
  const streamed = c.get("exchange")?.streamed;
  if (streamed) streamed.then(end, end);
  else end();
}

function releaseAll(slots: (() => void)[]): void {
  for (const release of slots) release();
}

function replace(c: Context<GatewayEnv>, response: Response): void {
  c.res = undefined; // otherwise Hono merges the headers of the previous response
  c.res = response;
}
