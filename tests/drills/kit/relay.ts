import { connect, createServer, type Socket } from "node:net";

/** A TCP relay to a server on this machine, which can stop to pass anything on. */
export interface Relay extends AsyncDisposable {
  readonly port: number;
  /** From now on drops what either side sends, and accepts connections that get no answer. */
  block(): void;
  /** Passes on what comes over new connections. Those from before stay silent. */
  unblock(): void;
}

/** Starts a relay in front of a port. */
export async function startRelay(serverPort: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isBlocked = false;
  const server = createServer((caller) => {
    const upstream = connect(serverPort, "127.0.0.1");
    let isSilent = isBlocked;
    for (const [from, to] of [[caller, upstream], [upstream, caller]] as const) {
      sockets.add(from);
      from.on("data", (chunk) => {
        isSilent ||= isBlocked;
        if (!isSilent) to.write(chunk);
      });
      from.on("error", () => {});
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  return {
    port: address.port,
    block: () => void (isBlocked = true),
    unblock: () => void (isBlocked = false),
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
