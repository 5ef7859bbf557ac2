import type { Gateway } from "../gateway.ts";
import { ListenError, type ServeOptions, type Server } from "./server.ts";
import { closing, signals, stopGently } from "./stopping.ts";

/**
 * Listens until SIGINT or SIGTERM, then ends as {@linkcode stopGently} does. `Deno.serve` and
 * not `deno serve`: that cuts requests off.
 */
export function serve(gateway: Gateway, options: ServeOptions): Server {
  const { port, host, shutdownGraceMs } = options;
  let answer = gateway.fetch;
  const server = listen(options, () =>
    Deno.serve(
      { port, hostname: host, onListen() {}, onError: gateway.onError },
      (request, info) => answer(request, info),
    ));
  const [signalled, signalledAgain] = signals(Deno.addSignalListener);
  const stopped = signalled.then(() => {
    answer = closing(gateway.fetch);
    const shutdown = () => server.shutdown();
    return stopGently(gateway, { shutdownGraceMs, signalledAgain, shutdown });
  });
  return { port: server.addr.port, stopped };
}

function listen<T>(options: ServeOptions, serve: () => T): T {
  try {
    return serve();
  } catch (cause) {
    throw new ListenError(options, cause);
  }
}
