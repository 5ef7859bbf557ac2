import type { Gateway } from "../gateway.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  port: number;
  host: string;
  /** Longest time from a signal to the end, in ms. */
  shutdownGraceMs: number;
}

/** A listening gateway. */
export interface Server {
  readonly port: number;
  /** Settles when the process may end: after a signal and the last answer. */
  readonly stopped: Promise<void>;
}

/**
 * Share of the grace in which requests are still taken while `/readyz` says 503: a load
 * balancer has to see that before the socket closes, or what it sends meanwhile is lost. What
 * is in flight is answered at the same time, so that nothing else becomes shorter by it.
 */
const UNREADY_SHARE = 1 / 3;

/** Share of the grace after which spans are exported even if an answer is still missing. */
const FLUSH_SHARE = 8 / 9;

/**
 * Listens until SIGINT or SIGTERM. Then `/readyz` says 503 and connections close after their
 * answers; a while later, or at a second signal, no new ones are accepted; what is in flight
 * is answered, spans are flushed. `Deno.serve` and not `deno serve`: that cuts requests off.
 */
export function serve(gateway: Gateway, { port, host, shutdownGraceMs }: ServeOptions): Server {
  let answer = gateway.fetch;
  const server = Deno.serve(
    { port, hostname: host, onListen() {}, onError: gateway.onError },
    (request, info) => answer(request, info),
  );

  async function stop(signalledAgain: Promise<void>): Promise<void> {
    gateway.stopAccepting();
    answer = closing(gateway.fetch);
    const unready = after(shutdownGraceMs * UNREADY_SHARE);
    const late = after(shutdownGraceMs * FLUSH_SHARE);
    const over = after(shutdownGraceMs);
    const drained = Promise.race([unready, signalledAgain])
      .then(() => server.shutdown()).then(() => gateway.close());
    const flushed = late.then(() => gateway.flush()).then(() => over);
    await Promise.race([drained, flushed, over]);
  }

  const [first, second] = signals();
  return { port: server.addr.port, stopped: first.then(() => stop(second)) };
}

/** The same handler, but each connection is closed after its answer (RFC 9112 §9.6). */
function closing(fetch: Gateway["fetch"]): Gateway["fetch"] {
  return async (request, bindings) => {
    const response = await fetch(request, bindings);
    response.headers.set("connection", "close");
    return response;
  };
}

/** The first signal to stop, and the one after it. */
function signals(): [first: Promise<void>, second: Promise<void>] {
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const waiting = [first, second];
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => waiting.shift()?.resolve());
  }
  return [first.promise, second.promise];
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
