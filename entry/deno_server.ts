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
  let answer = gateway.fetch;
  const logger = getLogger("sms-gateway");
  const loop = new ServeLoop({
    start: () =>
      Deno.serve(
        { port, hostname: options.host, onListen() {}, onError: gateway.onError },
        (request, info) => answer(request, info),
      ),
    onFailure(cause) {
      if (answer !== gateway.fetch) return;
      logger.warning("connections cannot be accepted", { reason: reasonOf(cause), advice: ADVICE });
      answer = closing(gateway.fetch); // few descriptors: no connection is kept for later
    },
    onRecovery() {
      if (isStopping) return;
      logger.info("connections are accepted again");
      answer = gateway.fetch;
    },
  });
  ({ addr: { port } } = listen(options, () => loop.listen())); // a later server takes the same port
  const [signalled, signalledAgain] = signals(Deno.addSignalListener);
  const stopped = signalled.then(() => {
    isStopping = true;
    answer = closing(gateway.fetch);
    const { shutdownGraceMs } = options;
    return stopGently(gateway, {
      shutdownGraceMs,
      signalledAgain,
      shutdown: () => loop.shutdown(),
    });
  });
  return { port, stopped };
}

const ADVICE =
  "Raise the limit of open files (ulimit -n, LimitNOFILE=, ulimits.nofile), or lower MAX_IN_FLIGHT.";

/**
 * How many descriptors the process can open, found by opening them: Deno gives the limit itself
 * only to a process with all permissions. Sockets on a loopback address, closed at once.
 *
 * @param wanted no more are opened
 */
export function countDescriptors(wanted: number): number | undefined {
  const opened: Deno.Listener[] = [];
  try {
    while (opened.length < wanted) opened.push(Deno.listen({ port: 0, hostname: "127.0.0.1" }));
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
