import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Buffer } from "node:buffer";

/** A TCP proxy that delays what the server sends. */
export interface SlowProxy extends AsyncDisposable {
  readonly port: number;
  /** Delay of every chunk, in ms; bytes keep their order. */
  delayMs: number;
}

/** Starts a proxy to a port of this machine. */
export async function slowProxy(targetPort: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect({ port: targetPort, host: "127.0.0.1", noDelay: true });
    const end = () => [client, target].forEach((socket) => socket.destroy());
    for (const socket of [client, target]) {
      sockets.add(socket);
      socket.on("error", end);
      socket.on("close", () => {
        sockets.delete(socket);
        end();
      });
    }
    let dueAt = 0;
    client.pipe(target);
    target.on("data", (chunk: Buffer) => {
      // A chunk after a shorter delay does not overtake one after a longer delay.
      dueAt = Math.max(dueAt, performance.now() + proxy.delayMs);
      setTimeout(() => client.write(chunk), dueAt - performance.now());
    });
  });
  const { promise: listening, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await listening;
  const { port } = server.address() as AddressInfo;
  const proxy: SlowProxy = {
    port,
    delayMs: 0,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
  return proxy;
}
