import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { until } from "./until.ts";

/** Responses that are requested and never read. */
export interface UnreadResponses {
  /** Status → number of responses. */
  readonly statuses: ReadonlyMap<string, number>;
  /** Closes the connections. */
  leave(): void;
}

/** Streams per connection: the maximum that the server allows. */
const STREAMS = 200;

/** Sends {@linkcode STREAMS} requests on each HTTP/2 connection, with a window of 0 bytes. */
export async function requestUnreadHttp2(
  port: number,
  connections: number,
  headers: Record<string, string>,
): Promise<UnreadResponses> {
  const statuses = new Map<string, number>();
  const sessions: ClientHttp2Session[] = [];
  let answered = 0;
  for (let i = 0; i < connections; i++) {
    const session = connectHttp2(`http://127.0.0.1:${port}`, {
      settings: { initialWindowSize: 0 },
    });
    session.on("error", () => {});
    sessions.push(session);
    for (let stream = 0; stream < STREAMS; stream++) {
      const request = session.request(headers);
      request.on("error", () => {});
      request.on("response", (received) => {
        const status = String(received[":status"]);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        answered++;
      });
    }
  }
  const all = connections * STREAMS;
  await until("every request is answered", () => answered === all, 30_000);
  return { statuses, leave: () => sessions.forEach((session) => session.destroy()) };
}

/** Sends the same bytes on several HTTP/1.1 connections, and reads nothing. */
export async function requestUnreadHttp1(
  port: number,
  connections: number,
  bytes: string,
): Promise<Pick<UnreadResponses, "leave">> {
  const opened = await Promise.all(
    Array.from({ length: connections }, () => Deno.connect({ port, hostname: "127.0.0.1" })),
  );
  for (const connection of opened) void sendAll(connection, new TextEncoder().encode(bytes));
  return { leave: () => opened.forEach((connection) => connection.close()) };
}

/** Writes until the connection is closed. */
async function sendAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.byteLength;) {
      sent += await connection.write(bytes.subarray(sent));
    }
  } catch {
    // the connection was closed
  }
}
