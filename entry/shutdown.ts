import type { Gateway } from "../gateway.ts";

/** Options of {@linkcode shutDown}. */
export interface ShutdownOptions {
  /** Longest time from the signal to the end of the process, in ms. */
  shutdownGraceMs: number;
  /** Resolves at a second signal, which ends the first phase of the schedule. */
  secondSignal: Promise<void>;
  /** Closes the listening socket; resolves when all requests in flight have a response. */
  closeServer: () => Promise<void>;
}

/**
 * When each step of a shutdown happens, as a share of `SHUTDOWN_GRACE_MS` since the signal; in ms
 * at its default of 4,500 ms. Until the first step `/readyz` is 503, and new requests are still
 * served. If all requests in flight are answered earlier, the process ends earlier.
 */
const SCHEDULE = {
  /** 1,500 ms. Load balancers have to notice the 503 before connections are refused. */
  closeServer: 1 / 3,
  /** 4,000 ms. Requests that are still in flight get a timeout response. */
  expireRequests: 8 / 9,
  /** 4,091 ms. Spans are exported, those of the expired requests included. */
  flush: 10 / 11,
  /** 4,275 ms. The process ends; the rest of the time is for writing the log. */
  end: 19 / 20,
} as const;

/**
 * Shuts a gateway down by the {@linkcode SCHEDULE}. A second signal closes the listening socket
 * immediately. Resolves when the process may end.
 */
export async function shutDown(
  gateway: Gateway,
  { shutdownGraceMs, secondSignal, closeServer }: ShutdownOptions,
): Promise<void> {
  const at = (share: number) => after(shutdownGraceMs * share);
  gateway.stopAccepting();
  const end = at(SCHEDULE.end);
  const expired = at(SCHEDULE.expireRequests).then(() => gateway.expireAll());
  const closed = Promise.race([at(SCHEDULE.closeServer), secondSignal])
    .then(() => closeServer()).then(() => gateway.close());
  const flushed = Promise.all([expired, at(SCHEDULE.flush)])
    .then(() => gateway.flush()).then(() => end);
  await Promise.race([closed, flushed, end]);
}

/** Wraps a handler so that each connection is closed after its response (RFC 9112 §9.6). */
export function withConnectionClose(fetch: Gateway["fetch"]): Gateway["fetch"] {
  return async (request, bindings) => {
    const response = await fetch(request, bindings);
    response.headers.set("connection", "close");
    return response;
  };
}

/**
 * Listens for SIGINT and SIGTERM.
 *
 * @param listen adds a listener for a signal
 * @returns promises that resolve at the first and at the second signal
 */
export function stopSignals(
  listen: (signal: "SIGINT" | "SIGTERM", listener: () => void) => void,
): [first: Promise<void>, second: Promise<void>] {
  const resolvers: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => void resolvers.push(resolve));
  const [first, second] = [next(), next()];
  for (const signal of ["SIGINT", "SIGTERM"] as const) listen(signal, () => resolvers.shift()?.());
  return [first, second];
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
