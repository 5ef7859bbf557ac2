import { createServer, type Server, type Socket } from "node:net";
import { Buffer } from "node:buffer";

/** A request as it reached the upstream. */
export interface SeenRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Which connection it came on, counted from 1, and the how many-th on it. */
  readonly connection: number;
  readonly nth: number;
  /** When it was whole, on the clock of `performance.now()`. */
  readonly at: number;
}

/** The upstream's end of a connection. */
export interface Wire {
  readonly socket: Socket;
  /** Writes text as it is (latin1); settles when the kernel took it, or the connection broke. */
  write(text: string): Promise<void>;
  /** A whole JSON answer. */
  reply(status: number, body?: unknown, headers?: Record<string, string>): void;
  /** Ends the connection with a FIN. */
  close(): void;
  /** Ends the connection with a RST. */
  reset(): void;
  /** Whether the gateway's end is gone. */
  readonly gone: boolean;
}

/** Options of {@linkcode rawUpstream}. */
export interface RawUpstreamOptions {
  /** Answers a request, or does worse; default: 201 to a POST, 200 to all else. */
  onRequest?: (request: SeenRequest, wire: Wire) => void | Promise<void>;
  /** Told of a connection before anything came. */
  onConnection?: (wire: Wire, connection: number) => void;
  /** Told of every chunk as it comes. */
  onChunk?: (wire: Wire, connection: number) => void;
  port?: number;
}

/** A TCP server that understands just enough HTTP to misbehave on purpose. */
export interface RawUpstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Whole requests, in order. */
  readonly seen: SeenRequest[];
  /** Every byte that came, of every connection. */
  bytes(): string;
  connections(): { now: number; ever: number };
  close(): Promise<void>;
}

export async function rawUpstream(options: RawUpstreamOptions = {}): Promise<RawUpstream> {
  const { onRequest = answerWell, onConnection, onChunk } = options;
  const seen: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const received: string[] = [];
  let ever = 0;
  const server = createServer((socket) => {
    const connection = ++ever;
    let buffer = "";
    let nth = 0;
    sockets.add(socket);
    const wire = wireOf(socket);
    onConnection?.(wire, connection);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      const text = chunk.toString("latin1");
      received.push(text);
      buffer += text;
      onChunk?.(wire, connection);
      for (let parsed = takeRequest(buffer); parsed; parsed = takeRequest(buffer)) {
        buffer = parsed.rest;
        const request = { ...parsed.request, connection, nth: ++nth, at: performance.now() };
        seen.push(request);
        void onRequest(request, wire);
      }
    });
  });
  const port = await listen(server, options.port ?? 0);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    seen,
    bytes: () => received.join(""),
    connections: () => ({ now: sockets.size, ever }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A port on which nothing listens. */
export function closedPort(): number {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  listener.close();
  return listener.addr.port;
}

/** What a good upstream answers. */
export function answerWell({ method }: SeenRequest, wire: Wire): void {
  wire.reply(method === "POST" ? 201 : 200, { id: "01FC66621XXXXX119Z8PMV1QPQ" });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("no TCP address"));
      else resolve(address.port);
    });
  });
}

function wireOf(socket: Socket): Wire {
  const wire: Wire = {
    socket,
    get gone() {
      return socket.destroyed;
    },
    write: (text) =>
      new Promise((resolve) => {
        if (socket.destroyed) return resolve();
        socket.once("close", resolve);
        socket.write(Buffer.from(text, "latin1"), () => {
          socket.off("close", resolve);
          resolve();
        });
      }),
    reply(status, body = {}, headers = {}) {
      const text = JSON.stringify(body);
      const lines = Object.entries({
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(text)),
        ...headers,
      }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
      void wire.write(
        `HTTP/1.1 ${status} Said\r\n${lines}\r\n${Buffer.from(text).toString("latin1")}`,
      );
    },
    close: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
  return wire;
}

/** The first whole request of a buffer; undici sends a length with every body. */
function takeRequest(buffer: string) {
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [requestLine = "", ...lines] = buffer.slice(0, end).split("\r\n");
  const [method = "", target = ""] = requestLine.split(" ");
  const headers = Object.fromEntries(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const bodyEnd = end + 4 + Number(headers["content-length"] ?? 0);
  if (buffer.length < bodyEnd) return undefined;
  const body = buffer.slice(end + 4, bodyEnd);
  return { request: { method, target, headers, body }, rest: buffer.slice(bodyEnd) };
}
