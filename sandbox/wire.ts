/**
 * Answers that HTTP libraries will not send: cut off, stalled, or without a type. They need
 * the socket, which `serve.ts` provides; without one they fail as a fetch would.
 */

import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";

/** What `serve.ts` gives each request; nothing when the app is called in memory. */
export type Wire = Partial<HttpBindings>;

/** Thrown where a connection would have been reset, had there been one. */
export class ConnectionReset extends TypeError {
  constructor() {
    super("connection reset by the sandbox");
  }
}

/** Resets the connection with nothing answered. */
export function hangUp(wire: Wire): Response {
  if (!wire.incoming) throw new ConnectionReset();
  resetSocket(wire.incoming.socket);
  return RESPONSE_ALREADY_SENT;
}

/** Sends the headers and half the body; then resets the connection, or says no more. */
export async function cutShort(
  wire: Wire,
  response: Response,
  then: "reset" | "stall",
): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const half = body.subarray(0, Math.ceil(body.length / 2));
  const { incoming, outgoing } = wire;
  if (!incoming || !outgoing) return unfinished(response, half, then);
  // Even an answer without a body has to end somewhere else than it says.
  outgoing.writeHead(response.status, headersOf(response, Math.max(body.length, 2)));
  outgoing.write(half.length > 0 ? half : "{", () => {
    if (then === "reset") resetSocket(incoming.socket);
  });
  return RESPONSE_ALREADY_SENT;
}

/** Sends a response as it is; the adapter would give it a `Content-Type`. */
export async function sendAsIs(wire: Wire, response: Response): Promise<Response> {
  if (!wire.outgoing) return response;
  const body = new Uint8Array(await response.arrayBuffer());
  wire.outgoing.writeHead(response.status, headersOf(response, body.length));
  wire.outgoing.end(body);
  return RESPONSE_ALREADY_SENT;
}

function headersOf(response: Response, length: number): Record<string, string> {
  return { ...Object.fromEntries(response.headers), "content-length": String(length) };
}

function unfinished(response: Response, half: Uint8Array, then: "reset" | "stall"): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(half.length > 0 ? half : new Uint8Array([0x7b])),
    pull(controller) {
      if (then === "reset") controller.error(new ConnectionReset());
    },
  }, { highWaterMark: 0 });
  return new Response(body, { status: response.status, headers: response.headers });
}

interface Resettable {
  destroy(): unknown;
  resetAndDestroy?(): unknown;
}

function resetSocket(socket: Resettable): void {
  if (socket.resetAndDestroy) socket.resetAndDestroy();
  else socket.destroy();
}
