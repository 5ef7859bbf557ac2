import type { Gateway } from "../gateway.ts";

/** What of a server has to end; each runtime has its own. */
export interface StopOptions {
  /** Longest time from the signal to the end, in ms. */
  shutdownGraceMs: number;
  /** Settles when a second signal asks to make haste. */
  signalledAgain: Promise<void>;
  /** Takes no new connections; settles when the last answer is given. */
  shutdown: () => Promise<void>;
}

/**
 * Share of the grace in which requests are still taken while `/readyz` says 503: a load
 * balancer has to see that before the socket closes, or what it sends meanwhile is lost. What
 * is in flight is answered at the same time, so that nothing else becomes shorter by it.
 */
const UNREADY_SHARE = 1 / 3;

/** Share of the grace after which no answer of the upstream is waited for any longer. */
const GIVE_UP_SHARE = 8 / 9;

/** Share of the grace after which spans are exported even if an answer is still missing. */
const FLUSH_SHARE = 10 / 11;

/** Share of the grace after which nothing is waited for; the log and the process end in the rest. */
const OVER_SHARE = 19 / 20;

/**
 * Ends a gateway: `/readyz` says 503; a while later, or at a second signal, no new connections
 * are taken; what is in flight is answered, at last with a 503; spans are flushed. Settles when the
 * process may end.
 */
export async function stopGently(
  gateway: Gateway,
  { shutdownGraceMs, signalledAgain, shutdown }: StopOptions,
): Promise<void> {
  gateway.stopAccepting();
  const unready = after(shutdownGraceMs * UNREADY_SHARE);
  const late = after(shutdownGraceMs * GIVE_UP_SHARE).then(() => gateway.giveUp());
  const veryLate = after(shutdownGraceMs * FLUSH_SHARE);
  const over = after(shutdownGraceMs * OVER_SHARE);
  const drained = Promise.race([unready, signalledAgain])
    .then(() => shutdown()).then(() => gateway.close());
  const flushed = Promise.all([late, veryLate]).then(() => gateway.flush()).then(() => over);
  await Promise.race([drained, flushed, over]);
}

/** The same handler, but each connection is closed after its answer (RFC 9112 §9.6). */
export function closing(fetch: Gateway["fetch"]): Gateway["fetch"] {
  return async (request, bindings) => {
    const response = await fetch(request, bindings);
    response.headers.set("connection", "close");
    return response;
  };
}

/** The first signal to stop and the one after it, of those that `listen` tells of. */
export function signals(
  listen: (signal: "SIGINT" | "SIGTERM", listener: () => void) => void,
): [first: Promise<void>, second: Promise<void>] {
  const waiting: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => void waiting.push(resolve));
  const [first, second] = [next(), next()];
  for (const signal of ["SIGINT", "SIGTERM"] as const) listen(signal, () => waiting.shift()?.());
  return [first, second];
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
