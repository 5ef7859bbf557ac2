import { getLogger } from "@logtape/logtape";
import type { Gateway } from "../gateway.ts";
import { ServeLoop } from "./serve_loop.ts";
import { ListenError, type ListenTarget, type ServeOptions, type Server } from "./server.ts";
import { shutDown, stopSignals, withConnectionClose } from "./shutdown.ts";

/**
 * Listens until SIGINT or SIGTERM, then shuts down as {@linkcode shutDown} describes. Listens again
 * when accepting connections fails. Uses `Deno.serve`, since `deno serve` aborts requests on
 * SIGTERM.
 *
 * @throws {ListenError} when it cannot listen
 */
export function serve(gateway: Gateway, options: ServeOptions): Server {
  let { port } = options;
  let isStopping = false;
  const handler = compressesResponses() ? withNoTransform(gateway.fetch) : gateway.fetch;
  let activeHandler = handler;
  const logger = getLogger("sms-gateway");
  const reusePort = canSharePorts();
  const loop = new ServeLoop({
    start: () =>
      Deno.serve(
        { port, hostname: options.host, reusePort, onListen() {}, onError: gateway.onError },
        (request, info) => activeHandler(request, info),
      ),
    refuseUnreadBodies: gateway.refuseUnreadBodies,
    onFailure(cause) {
      if (activeHandler !== handler) return;
      logger.warning("connections cannot be accepted", { reason: reasonOf(cause), advice: ADVICE });
      activeHandler = withConnectionClose(handler); // idle connections would hold descriptors
    },
    onRecovery() {
      if (isStopping) return;
      logger.info("connections are accepted again");
      activeHandler = handler;
    },
  });
  if (options.connectionBuffers) options.connectionBuffers.onLimit = () => loop.renew();
  // Servers started later listen on the same port.
  ({ addr: { port } } = listen({ ...options, setting: "PORT" }, () => {
    if (reusePort) requireFreePort(port, options.host);
    return loop.listen();
  }));
  const adminPort = serveAdmin(gateway, { ...options, reusePort });
  const [firstSignal, secondSignal] = stopSignals(Deno.addSignalListener);
  const stopped = firstSignal.then(() => {
    isStopping = true;
    activeHandler = withConnectionClose(handler);
    return shutDown(gateway, {
      shutdownGraceMs: options.shutdownGraceMs,
      secondSignal,
      closeServer: () => loop.shutdown(),
    });
  });
  return { port, adminPort, stopped };
}

/**
 * Listens for metrics and probes, if they have a port of their own, until the process ends: what
 * happens while requests are drained can be scraped.
 *
 * @returns the port it listens on
 */
function serveAdmin(
  { adminFetch, onError }: Gateway,
  { host, adminPort, reusePort }: ServeOptions & { reusePort: boolean },
): number | undefined {
  if (!adminFetch || adminPort === undefined) return undefined;
  const handler = compressesResponses() ? withNoTransform(adminFetch) : adminFetch;
  let port = adminPort;
  const loop = new ServeLoop({
    start: () => Deno.serve({ port, hostname: host, reusePort, onListen() {}, onError }, handler),
    // The loop of the other port reports that no descriptor is free.
    refuseUnreadBodies() {},
    onFailure() {},
    onRecovery() {},
  });
  ({ addr: { port } } = listen({ host, port, setting: "ADMIN_PORT" }, () => {
    if (reusePort) requireFreePort(port, host);
    return loop.listen();
  }));
  return port;
}

/**
 * Whether two servers can listen on one port for a moment, when one replaces the other. Deno needs
 * `"unstable": ["net"]` in its configuration for it.
 */
function canSharePorts(): boolean {
  try {
    Deno.listen({ port: 0, hostname: PROBED_HOST, reusePort: true }).close();
    return true;
  } catch {
    return false;
  }
}

/**
 * A shared port can be shared with another process too, which would then get half of the requests.
 *
 * @throws {Deno.errors.AddrInUse} if a process listens there
 */
function requireFreePort(port: number, hostname: string): void {
  try {
    Deno.listen({ port, hostname }).close();
  } catch (cause) {
    if (cause instanceof Deno.errors.AddrInUse) throw cause;
    // Deno.serve reports everything else.
  }
}

/** Whether this version of Deno compresses responses by default: 2.5.7 does, 2.9 does not. */
function compressesResponses(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major < 2 || (major === 2 && minor < 9);
}

/**
 * Wraps a handler so that the server does not compress its responses, which would change the ETag.
 */
function withNoTransform(fetch: Gateway["fetch"]): Gateway["fetch"] {
  return async (request, bindings) => {
    const response = await fetch(request, bindings);
    response.headers.append("cache-control", "no-transform"); // RFC 9111 §5.2.2.6
    return response;
  };
}

const ADVICE =
  "Raise the limit of open files (ulimit -n, LimitNOFILE=, ulimits.nofile), or lower MAX_IN_FLIGHT.";

/** A loopback address of its own, so that no port of 127.0.0.1 is occupied. */
const PROBED_HOST = "127.0.0.2";

/** Exists on Linux and macOS; the start task may read it. */
const PROBED_FILE = "/dev/null";

/**
 * Counts the file descriptors that the process can open, by opening a file several times: Deno tells
 * the limit only to processes with all permissions. Opening sockets would take eight times as long.
 *
 * @param wanted maximum number of descriptors to open
 * @returns undefined if the file may not be read, or does not exist
 */
export function countDescriptors(wanted: number): number | undefined {
  const opened: Deno.FsFile[] = [];
  try {
    while (opened.length < wanted) opened.push(Deno.openSync(PROBED_FILE));
    return wanted;
  } catch (cause) {
    return isOutOfDescriptors(cause) ? opened.length : undefined;
  } finally {
    for (const file of opened) file.close();
  }
}

function isOutOfDescriptors(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EMFILE";
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function listen<T>(target: ListenTarget, serve: () => T): T {
  try {
    return serve();
  } catch (cause) {
    throw new ListenError(target, cause);
  }
}
