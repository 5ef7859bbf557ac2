import { GatewayError } from "../errors/gateway_error.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { concat } from "../upstream/bytes.ts";
import type { Check } from "./checks.ts";
import { declaresBody, isHttp2 } from "./declared_body.ts";

/** Options of {@linkcode requestBody}. */
export interface RequestBodyOptions {
  /** Largest body, in bytes. */
  maxBytes: number;
  /** Longest time for the whole body to arrive, in ms. */
  timeoutMs: number;
  /** Default: one timer for all requests. */
  deadlines?: DeadlineClock | undefined;
}

/**
 * Reads the whole request body before anything is sent upstream: half a body never becomes
 * half a message, one that is too large is refused with nothing forwarded, and a request that
 * was provably not sent can be sent again. Costs at most `maxBytes` of memory per request.
 */
export function requestBody(
  { maxBytes, timeoutMs, deadlines = new Deadlines() }: RequestBodyOptions,
): Check {
  async function read(request: Request): Promise<Uint8Array<ArrayBuffer>> {
    const length = request.headers.get("content-length");
    if (Number(length) > maxBytes) throw tooLarge(maxBytes);
    // The server below holds a body to its length; one without is counted as it comes.
    const whole = length === null ? readAtMost(request, maxBytes) : bytesOf(request);
    const body = await inTime(whole);
    if (body.byteLength > maxBytes) throw tooLarge(maxBytes);
    return body;
  }

  function inTime<T>(body: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const deadline = deadlines.start(timeoutMs, () => reject(tooSlow(timeoutMs)));
      body.then((whole) => {
        deadlines.clear(deadline);
        resolve(whole);
      }, (cause) => {
        deadlines.clear(deadline);
        reject(brokenOff(cause));
      });
    });
  }

  return async function requestBody(c) {
    const body = declaresBody(c.req.raw) ? await read(c.req.raw) : null;
    c.get("exchange").body = body?.byteLength ? body : null;
  };
}

async function bytesOf(request: Request): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await request.arrayBuffer()); // Node 20 has no bytes()
}

async function readAtMost(
  { body, headers }: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Over HTTP/2 the rest is drained before the answer goes, see drain.ts.
  const preventCancel = isHttp2(headers);
  for await (const chunk of body?.values({ preventCancel }) ?? []) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) throw tooLarge(maxBytes);
  }
  return concat(chunks, size);
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
  });
}

function brokenOff(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  return new GatewayError("syntax_constraint_violation", {
    text: "The request body broke off before its announced end. Send it whole.",
    cause,
  });
}
