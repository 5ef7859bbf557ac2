import { createAdaptorServer } from "@hono/node-server";
import type { Sandbox } from "./app.ts";

/** A sandbox that listens on a port. */
export interface ServedSandbox {
  /** Base URL, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and closes every connection, stalled ones included. */
  close(): Promise<void>;
}

/** Options of {@linkcode serveSandbox}. */
export interface ServeOptions {
  /** Default: 0, any free port. */
  port?: number;
  /** Default: 127.0.0.1. */
  hostname?: string;
}

/**
 * Serves `sandbox` over HTTP/1.1. Uses node:http, since `Deno.serve` does not expose the socket,
 * which is needed to reset a connection. Rejects if it cannot listen.
 */
export async function serveSandbox(
  sandbox: Sandbox,
  options: ServeOptions = {},
): Promise<ServedSandbox> {
  const { port = 0, hostname = "127.0.0.1" } = options;
  // The adapter's global Request and Response would break every Deno.serve of this process.
  const server = createAdaptorServer({ fetch: sandbox.app.fetch, overrideGlobalObjects: false });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no TCP address");
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
