import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { GatewayEnv } from "../exchange.ts";
import type { Gateway } from "../gateway.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";
import { closing, signals, stopGently } from "./stopping.ts";

/** Time for the headers of a request; a connection on which nothing comes is closed after it, in ms. */
const HEADERS_TIMEOUT_MS = 10_000;

/** How often that is looked at, in ms. */
const CHECKED_MS = 2_000;

/** Listens on Node as `deno_server.ts` does on Deno. */
export async function serve(gateway: Gateway, options: ServeOptions): Promise<Server> {
  const { port, shutdownGraceMs } = options;
  let answer = gateway.fetch;
  const server = createAdaptorServer({
    async fetch(request, bindings) {
      const { incoming, outgoing } = bindings as HttpBindings; // HTTP/1.1 only
      try {
        return await answer(asSent(request, incoming), bindingsOf(incoming, outgoing));
      } catch (error) {
        return gateway.onError(error);
      }
    },
    overrideGlobalObjects: false,
    serverOptions: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: CHECKED_MS },
  }) as HttpServer; // as it is where no other server is asked for
  server.prependListener("request", hideHost);
  if (options.maxConnections) server.maxConnections = options.maxConnections;
  await listening(server, options);
  const [signalled, signalledAgain] = signals((signal, listener) => process.on(signal, listener));
  const stopped = signalled.then(() => {
    answer = closing(gateway.fetch);
    const shutdown = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return stopGently(gateway, { shutdownGraceMs, signalledAgain, shutdown });
  });
  const address = server.address();
  return { port: typeof address === "object" && address ? address.port : port, stopped };
}

function bindingsOf(incoming: IncomingMessage, outgoing: ServerResponse): GatewayEnv["Bindings"] {
  return {
    remoteAddr: { hostname: incoming.socket.remoteAddress ?? "" },
    completed: new Promise<void>((resolve) => outgoing.once("close", resolve)),
    giveUp: () => void outgoing.destroy(),
  };
}

/**
 * The adapter refuses hosts that it cannot parse by itself, without a body, a span or a log line. It
 * looks at `headers.host` only; the gateway finds Host among the raw headers and judges it.
 */
function hideHost({ headers }: IncomingMessage): void {
  headers.host = "localhost";
}

/** The adapter resolves dot segments; routes are matched by the target as it was sent. */
function asSent(request: Request, { url = "/" }: IncomingMessage): Request {
  const host = request.headers.get("host") ?? "localhost";
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  return Object.defineProperty(request, "url", { value: target });
}

function listening(server: HttpServer, options: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(new ListenError(options, cause)));
    server.listen(options.port, options.host, resolve);
  });
}

/**
 * How many file descriptors the process can open: its limit without those that are open. Linux
 * only; Node itself goes on when accepting a connection fails for want of descriptors.
 */
export function countDescriptors(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const limit = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return limit === undefined ? undefined : Number(limit) - readdirSync("/proc/self/fd").length;
  } catch {
    return undefined; // no procfs
  }
}
