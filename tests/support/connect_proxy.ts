import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** How a proxy treats a CONNECT: it connects, refuses with a status, closes, or never answers. */
export type ProxyBehaviour = "connect" | number | "close" | "silent";

/** An HTTP proxy that tunnels (CONNECT); the names of all hosts lead to this machine. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
  /** The targets of CONNECT requests and the URLs of others, in order. */
  readonly targets: string[];
  /** `Proxy-Authorization` of them. */
  readonly credentials: (string | undefined)[];
  behaviour: ProxyBehaviour;
}

/** Starts a proxy on a free port of this machine. */
export async function startProxy(): Promise<ConnectProxy> {
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => {
    note(request);
    response.writeHead(501).end();
  });
  server.on("connection", (socket: Socket) => void sockets.add(socket));
  server.on("connect", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
    note(request);
    socket.on("error", () => {});
    const { behaviour } = proxy;
    if (behaviour === "close") socket.destroy();
    if (typeof behaviour === "number") {
      socket.end(`HTTP/1.1 ${behaviour} No\r\nContent-Length: 0\r\n\r\n`);
    }
    if (behaviour !== "connect") return;
    const upstream = connect(Number(request.url?.split(":").at(-1)), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  const proxy: ConnectProxy = {
    url: `http://127.0.0.1:${address.port}`,
    targets: [],
    credentials: [],
    behaviour: "connect",
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
  function note({ url = "", headers }: IncomingMessage): void {
    proxy.targets.push(url);
    proxy.credentials.push(headers["proxy-authorization"]);
  }
  return proxy;
}
