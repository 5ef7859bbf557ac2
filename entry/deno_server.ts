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
 * Listens until SIGINT or SIGTERM. Then no new connections are accepted, what is in flight is
 * answered, spans are flushed. `Deno.serve` and not `deno serve`: that cuts requests off.
 */
export function serve(gateway: Gateway, { port, host, shutdownGraceMs }: ServeOptions): Server {
  const server = Deno.serve({ port, hostname: host, onListen() {} }, gateway.fetch);
  const stopped = signalled().then(async () => {
    gateway.stopAccepting();
    const deadline = after(shutdownGraceMs);
    await Promise.race([server.shutdown().then(() => gateway.close()), deadline.passed]);
    deadline.clear();
  });
  return { port: server.addr.port, stopped };
}

function signalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      Deno.addSignalListener(signal, () => resolve());
    }
  });
}

function after(ms: number): { passed: Promise<void>; clear(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return { passed: promise, clear: () => clearTimeout(timer) };
}
