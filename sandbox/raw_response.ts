/**
 * Sends responses that Hono and Fetch cannot express: truncated, stalled, or without a
 * `Content-Type`. They need the socket, which `serve.ts` provides. Without one (in memory) a reset
 * is an error, as it is for a caller of `fetch`.
 */

import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";

/** The Node request and response that `serve.ts` passes on; empty when called in memory. */
export type NodeBindings = Partial<HttpBindings>;

/** Stands for a reset connection when the app is called in memory. */
export class ConnectionReset extends TypeError {
  constructor() {
    super("connection reset by the sandbox");
  }
}

/** Resets the connection before any byte of a response. */
export function resetConnection(bindings: NodeBindings): Response {
  if (!bindings.incoming) throw new ConnectionReset();
  resetSocket(bindings.incoming.socket);
  return RESPONSE_ALREADY_SENT;
}

/** Sends the headers and half the body; then resets the connection, or leaves it open. */
export async function sendPartially(
  bindings: NodeBindings,
  response: Response,
  then: "reset" | "stall",
): Promise<Response> {
  const body = new Uint8Array(await response.arrayBuffer());
  const half = body.subarray(0, Math.ceil(body.length / 2));
  const { incoming, outgoing } = bindings;
  if (!incoming || !outgoing) return incompleteResponse(response, half, then);
  // An empty body gets a length of 2, so that it is incomplete as well.
  outgoing.writeHead(response.status, headersOf(response, Math.max(body.length, 2)));
  outgoing.write(half.length > 0 ? half : "{", () => {
    if (then === "reset") resetSocket(incoming.socket);
  });
  return RESPONSE_ALREADY_SENT;
}

/** Sends a response without the `Content-Type` that the server adapter would add. */
export async function sendUnchanged(bindings: NodeBindings, response: Response): Promise<Response> {
  if (!bindings.outgoing) return response;
  const body = new Uint8Array(await response.arrayBuffer());
  bindings.outgoing.writeHead(response.status, headersOf(response, body.length));
  bindings.outgoing.end(body);
  return RESPONSE_ALREADY_SENT;
}

function headersOf(response: Response, length: number): Record<string, string> {
  return { ...Object.fromEntries(response.headers), "content-length": String(length) };
}

function incompleteResponse(
  response: Response,
  half: Uint8Array,
  then: "reset" | "stall",
): Response {
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
