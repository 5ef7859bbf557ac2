import type { Gateway } from "../gateway.ts";
import { closing, signals, stopGently } from "./stopping.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  port: number;
  host: string;
  /** Longest time from a signal to the end, in ms. */
  shutdownGraceMs: number;
}

/** The gateway cannot listen where it should. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** A listening gateway. */
export interface Server {
  readonly port: number;
  /** Settles when the process may end: after a signal and the last answer. */
  readonly stopped: Promise<void>;
}

/**
 * Listens until SIGINT or SIGTERM, then ends as {@linkcode stopGently} does. `Deno.serve` and
 * not `deno serve`: that cuts requests off.
 */
export function serve(gateway: Gateway, { port, host, shutdownGraceMs }: ServeOptions): Server {
  let answer = gateway.fetch;
  const server = listen(host, port, () =>
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

function listen<T>(host: string, port: number, serve: () => T): T {
  try {
    return serve();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(
      `Cannot listen on HOST ${host}, PORT ${port}: ${reason}. Choose another with HOST or PORT.`,
      { cause },
    );
  }
}
