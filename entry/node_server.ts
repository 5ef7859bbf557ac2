import type { IncomingMessage, Server as HttpServer } from "node:http";
import process from "node:process";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { Gateway } from "../gateway.ts";
import type { ServeOptions, Server } from "./deno_server.ts";
import { closing, signals, stopGently } from "./stopping.ts";

/** Listens on Node as `deno_server.ts` does on Deno. */
export async function serve(
  gateway: Gateway,
  { port, host, shutdownGraceMs }: ServeOptions,
): Promise<Server> {
  let answer = gateway.fetch;
  const server = createAdaptorServer({
    async fetch(request, bindings) {
      const { incoming } = bindings as HttpBindings; // HTTP/1.1 only
      const remoteAddr = { hostname: incoming.socket.remoteAddress };
      try {
        return await answer(asSent(request, incoming), { remoteAddr });
      } catch (error) {
        return gateway.onError(error);
      }
    },
    overrideGlobalObjects: false,
  }) as HttpServer; // as it is where no other server is asked for
  await listening(server, { port, host });
  const [signalled, signalledAgain] = signals((signal, listener) => process.on(signal, listener));
  const stopped = signalled.then(() => {
    answer = closing(gateway.fetch);
    const shutdown = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return stopGently(gateway, { shutdownGraceMs, signalledAgain, shutdown });
  });
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : port, stopped };
}

/** The adapter resolves dot segments; routes are matched by the target as it was sent. */
function asSent(request: Request, { url = "/", headers }: IncomingMessage): Request {
  const target = url.startsWith("/") ? `http://${headers.host ?? "localhost"}${url}` : url;
  return Object.defineProperty(request, "url", { value: target });
}

function listening(
  server: HttpServer,
  { port, host }: { port: number; host: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
}
