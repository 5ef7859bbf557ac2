import { createServer, type Socket } from "node:net";
import { once } from "node:events";

/** A request, parsed from its bytes. */
export interface RawRequest {
  readonly method: string;
  /** The request target on the wire. */
  readonly target: string;
  /** In order, with the original case of the names. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** One connection of the gateway to the upstream. */
export interface RawConnection {
  /** The next complete request; undefined once the gateway has closed the connection. */
  readRequest(): Promise<RawRequest | undefined>;
  /** Writes bytes unchanged, or a text in latin1; rejects once the connection has ended. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Ends it with a FIN. */
  close(): void;
  /** Ends it with a RST. */
  reset(): void;
  /** Settles when either side has ended the connection. */
  readonly closed: Promise<void>;
}

/** What the upstream does on its connection `index`, counted from 0. */
export type Script = (connection: RawConnection, index: number) => Promise<void> | void;

/** An upstream that writes exactly the bytes of its script. */
export interface RawUpstream extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Every complete request that was read, in order. */
  readonly requests: readonly RawRequest[];
  /** Number of connections that were opened. */
  readonly connections: number;
}

/** Starts an upstream on a free port of this machine. */
export async function rawUpstream(script: Script): Promise<RawUpstream> {
  const requests: RawRequest[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    const connection = new Connection(socket, requests);
    void Promise.resolve(script(connection, sockets.length - 1)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    get connections() {
      return sockets.length;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Answers every request on every connection with the same bytes. */
export function answering(bytes: string | Uint8Array): Script {
  return async (connection) => {
    while (await connection.readRequest()) await connection.write(bytes);
  };
}

/** Answers the first request of every connection with these bytes, and ends the connection. */
export function answeringOnce(bytes: string, end: "close" | "reset" = "close"): Script {
  return async (connection) => {
    if (!await connection.readRequest()) return;
    await connection.write(bytes);
    connection[end]();
  };
}

/** The bytes of a reply with Content-Length. */
export function rawReply(status: number, body: string, headers: readonly string[] = []): string {
  const lines = [
    `HTTP/1.1 ${status} Any Reason`,
    "Content-Type: application/json",
    `Content-Length: ${new TextEncoder().encode(body).byteLength}`,
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** A port of this machine on which nothing listens. */
export function refusedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

class Connection implements RawConnection {
  readonly closed: Promise<void>;
  #received = "";
  #ended = false;
  #wake = () => {};
  readonly #socket: Socket;
  readonly #requests: RawRequest[];

  constructor(socket: Socket, requests: RawRequest[]) {
    this.#socket = socket;
    this.#requests = requests;
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      for (const event of ["end", "close", "error"]) {
        socket.on(event, () => {
          this.#ended = true;
          this.#wake();
          resolve();
        });
      }
    });
  }

  async readRequest(): Promise<RawRequest | undefined> {
    for (;;) {
      const request = this.#takeRequest();
      if (request) {
        this.#requests.push(request);
        return request;
      }
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async write(bytes: string | Uint8Array): Promise<void> {
    const data = typeof bytes === "string" ? latin1(bytes) : bytes;
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(data, (error) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  #takeRequest(): RawRequest | undefined {
    const end = this.#received.indexOf("\r\n\r\n");
    if (end === -1) return undefined;
    const [line = "", ...fields] = this.#received.slice(0, end).split("\r\n");
    const headers = fields.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon), field.slice(colon + 1).trim()] as const;
    });
    const length = Number(headers.find(([name]) => /^content-length$/i.test(name))?.[1] ?? 0);
    const bodyStart = end + 4;
    if (this.#received.length < bodyStart + length) return undefined;
    const body = this.#received.slice(bodyStart, bodyStart + length);
    this.#received = this.#received.slice(bodyStart + length);
    const [method = "", target = ""] = line.split(" ");
    return { method, target, headers, body };
  }
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
