import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import type { GatewayEnv } from "../exchange.ts";
import type { Gateway } from "../gateway.ts";
import { ListenError, type ListenTarget, type ServeOptions, type Server } from "./server.ts";
import { shutDown, stopSignals, withConnectionClose } from "./shutdown.ts";

/** Deadline for the headers of a request, in ms; an idle new connection is closed then, too. */
const HEADERS_TIMEOUT_MS = 10_000;

/** Interval at which Node checks that deadline, in ms. */
const CHECK_INTERVAL_MS = 2_000;

/**
 * Listens until SIGINT or SIGTERM, then shuts down as {@linkcode shutDown} describes.
 *
 * @throws {ListenError} when it cannot listen
 */
export async function serve(gateway: Gateway, options: ServeOptions): Promise<Server> {
  const { host, shutdownGraceMs } = options;
  let handler = gateway.fetch;
  const server = createServer(gateway, (request, bindings) => handler(request, bindings));
  if (options.maxConnections) server.maxConnections = options.maxConnections;
  const port = await listening(server, { host, port: options.port, setting: "PORT" });
  const adminPort = await serveAdmin(gateway, options);
  const [firstSignal, secondSignal] = stopSignals((signal, listener) =>
    process.on(signal, listener)
  );
  const stopped = firstSignal.then(() => {
    handler = withConnectionClose(gateway.fetch);
    const closeServer = () => new Promise<void>((resolve) => server.close(() => resolve()));
    return shutDown(gateway, { shutdownGraceMs, secondSignal, closeServer });
  });
  return { port, adminPort, stopped };
}

/**
 * Listens for metrics and probes, if they have a port of their own, until the process ends.
 *
 * @returns the port it listens on
 */
async function serveAdmin(
  gateway: Gateway,
  { host, adminPort }: ServeOptions,
): Promise<number | undefined> {
  if (!gateway.adminFetch || adminPort === undefined) return undefined;
  const server = createServer(gateway, gateway.adminFetch);
  return await listening(server, { host, port: adminPort, setting: "ADMIN_PORT" });
}

function createServer(gateway: Gateway, fetch: Gateway["fetch"]): HttpServer {
  const server = createAdaptorServer({
    async fetch(request, bindings) {
      const { incoming, outgoing } = bindings as HttpBindings; // HTTP/1.1 only
      try {
        return await fetch(withRawUrl(request, incoming), bindingsOf(incoming, outgoing));
      } catch (error) {
        return gateway.onError(error);
      }
    },
    overrideGlobalObjects: false,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
  }) as HttpServer; // the default, if no other kind of server is requested
  server.prependListener("request", replaceHost);
  return server;
}

function bindingsOf(incoming: IncomingMessage, outgoing: ServerResponse): GatewayEnv["Bindings"] {
  return {
    remoteAddr: { hostname: incoming.socket.remoteAddress ?? "" },
    completed: new Promise<void>((resolve) => outgoing.once("close", resolve)),
    giveUp: () => void outgoing.destroy(),
  };
}

/**
 * Replaces `headers.host`, since the adapter itself rejects requests whose host it cannot parse,
 * without a body, span or log line. The gateway reads Host from the raw headers and validates it.
 */
function replaceHost({ headers }: IncomingMessage): void {
  headers.host = "localhost";
}

/** Restores the request target as it was sent: the adapter resolves dot segments. */
function withRawUrl(request: Request, { url = "/" }: IncomingMessage): Request {
  const host = request.headers.get("host") ?? "localhost";
  const target = url.startsWith("/") ? `http://${host}${url}` : url;
  return Object.defineProperty(request, "url", { value: target });
}

/** Resolves to the port that the server listens on. */
function listening(server: HttpServer, target: ListenTarget): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(new ListenError(target, cause)));
    server.listen(target.port, target.host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : target.port);
    });
  });
}

/**
 * Counts the file descriptors that the process can open: its limit minus those that are open. Linux
 * only; undefined elsewhere.
 */
export function countDescriptors(): number | undefined {
  try {
    const limits = readFileSync("/proc/self/limits", "utf8");
    const limit = /^Max open files +(\d+)/m.exec(limits)?.[1];
    return limit === undefined ? undefined : Number(limit) - readdirSync("/proc/self/fd").length;
  } catch {
    return undefined; // there is no procfs
  }
}
