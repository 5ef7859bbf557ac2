import { getLogger } from "@logtape/logtape";
import type { Gateway } from "../gateway.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";
import { ServeLoop } from "./serve_loop.ts";
import { closing, signals, stopGently } from "./stopping.ts";

/**
 * Listens until SIGINT or SIGTERM, then ends as {@linkcode stopGently} does. `Deno.serve` and
 * not `deno serve`: that cuts requests off. Where accepting fails it listens again.
 */
export function serve(gateway: Gateway, options: ServeOptions): Server {
  let { port } = options;
  let isStopping = false;
  const asAnswered = compressesAnswers() ? untransformed(gateway.fetch) : gateway.fetch;
  let answer = asAnswered;
  const logger = getLogger("sms-gateway");
  const reusePort = canSharePorts();
  const loop = new ServeLoop({
    start: () =>
      Deno.serve(
        { port, hostname: options.host, reusePort, onListen() {}, onError: gateway.onError },
        (request, info) => answer(request, info),
      ),
    refuseUnreadBodies: gateway.refuseUnreadBodies,
    onFailure(cause) {
      if (answer !== asAnswered) return;
      logger.warning("connections cannot be accepted", { reason: reasonOf(cause), advice: ADVICE });
      answer = closing(asAnswered); // few descriptors: no connection is kept for later
    },
    onRecovery() {
      if (isStopping) return;
      logger.info("connections are accepted again");
      answer = asAnswered;
    },
  });
  if (options.unreadBodies) options.unreadBodies.onLimit = () => loop.renew();
  ({ addr: { port } } = listen(options, () => {
    Deno.listen({ port, hostname: options.host }).close(); // fails where another process listens
    return loop.listen();
  })); // a later server takes the same port
  const [signalled, signalledAgain] = signals(Deno.addSignalListener);
  const stopped = signalled.then(() => {
    isStopping = true;
    answer = closing(asAnswered);
    const { shutdownGraceMs } = options;
    return stopGently(gateway, {
      shutdownGraceMs,
      signalledAgain,
      shutdown: () => loop.shutdown(),
    });
  });
  return { port, stopped };
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

/** Whether this Deno compresses answers by itself: 2.5.7 does, 2.9 no longer. */
function compressesAnswers(): boolean {
  const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
  return major < 2 || (major === 2 && minor < 9);
}

/** The same handler, whose answers the server must not compress: that would change bytes and ETag. */
function untransformed(fetch: Gateway["fetch"]): Gateway["fetch"] {
  return async (request, bindings) => {
    const response = await fetch(request, bindings);
    response.headers.append("cache-control", "no-transform"); // RFC 9111 §5.2.2.6
    return response;
  };
}

const ADVICE =
  "Raise the limit of open files (ulimit -n, LimitNOFILE=, ulimits.nofile), or lower MAX_IN_FLIGHT.";

/** A loopback address that nobody listens on: the ports of 127.0.0.1 are others' to choose. */
const PROBED_HOST = "127.0.0.2";

/**
 * How many descriptors the process can open, found by opening them: Deno gives the limit itself
 * only to a process with all permissions. Sockets on a loopback address, closed at once.
 *
 * @param wanted no more are opened
 */
export function countDescriptors(wanted: number): number | undefined {
  const opened: Deno.Listener[] = [];
  try {
    while (opened.length < wanted) opened.push(Deno.listen({ port: 0, hostname: PROBED_HOST }));
    return wanted;
  } catch (cause) {
    return isOutOfDescriptors(cause) ? opened.length : undefined;
  } finally {
    for (const listener of opened) listener.close();
  }
}

function isOutOfDescriptors(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EMFILE";
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function listen<T>(options: ServeOptions, serve: () => T): T {
  try {
    return serve();
  } catch (cause) {
    throw new ListenError(options, cause);
  }
}
