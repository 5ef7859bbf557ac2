import type { MiddlewareHandler } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { concat } from "../upstream/bytes.ts";
import { declaresBody } from "./declared_body.ts";

/** Options of {@linkcode requestBody}. */
export interface RequestBodyOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** Longest time for the whole body to arrive, in ms. */
  timeoutMs: number;
}

/**
 * Reads the whole request body before anything is sent upstream: half a body never becomes
 * half a message, one that is too large is refused with nothing forwarded, and a request that
 * was provably not sent can be sent again. Costs at most `maxBytes` of memory per request.
 */
export function requestBody(
  { maxBytes, timeoutMs }: RequestBodyOptions,
): MiddlewareHandler<GatewayEnv> {
  return async function requestBody(c, next) {
    const request = c.req.raw;
    const announced = Number(request.headers.get("content-length") ?? 0);
    if (announced > maxBytes) throw tooLarge(maxBytes);
    const body = declaresBody(request.headers) && request.body
      ? await readWhole(request.body, { maxBytes, timeoutMs })
      : null;
    c.get("exchange").body = body?.byteLength ? body : null;
    await next();
  };
}

async function readWhole(
  stream: ReadableStream<Uint8Array>,
  { maxBytes, timeoutMs }: RequestBodyOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, timeoutMs);
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (late) throw tooSlow(timeoutMs);
      if (done) return concat(chunks, size);
      chunks.push(value);
      size += value.byteLength;
      if (size > maxBytes) throw tooLarge(maxBytes);
    }
  } catch (cause) {
    reader.cancel().catch(() => {});
    throw cause instanceof GatewayError ? cause : brokenOff(cause);
  } finally {
    clearTimeout(deadline);
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text:
      `The request body is over the maximum allowed length of ${maxBytes} bytes. Send fewer recipients per batch, or a shorter message.`,
  });
}

function tooSlow(timeoutMs: number): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text: `The request body did not arrive within ${timeoutMs} ms. Send it in one go.`,
    headers: { connection: "close" },
  });
}

function brokenOff(cause: unknown): GatewayError {
  return new GatewayError("syntax_constraint_violation", {
    text: "The request body broke off before its announced end. Send it whole.",
    cause,
  });
}
