import { buildConnector, Pool } from "undici";
import { Deadlines } from "../limits/deadlines.ts";
import { PatientClient, type PatientDispatch } from "./patient_client.ts";
import { timeUp, type Transport, TransportError } from "./transport.ts";
import { UndiciExchange } from "./undici_exchange.ts";

/** Options of {@linkcode undiciTransport}. */
export interface UndiciTransportOptions {
  /** Deadline for connecting, TLS included, in ms. */
  connectTimeoutMs: number;
}

/**
 * An idle connection is dropped after this time: less than the idle timeouts of common
 * servers and load balancers (5 s for Node), so that it is rarely closed under a request.
 */
const KEEP_ALIVE_MS = 4_000;

/** Most bytes of response headers; more is a broken or hostile upstream. */
const MAX_HEADER_BYTES = 32 * 1024;

/**
 * A transport over undici's connection pool, for runtimes with sockets. HTTP/1.1 without
 * pipelining: what was written on a connection belongs to one request, so that whether it
 * was sent is never a guess.
 */
export function undiciTransport(
  origin: string,
  { connectTimeoutMs }: UndiciTransportOptions,
): Transport {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  const pool = new Pool(origin, {
    allowH2: false,
    pipelining: 1,
    factory: (url, options) => new PatientClient(url, options, connect),
    // Deadlines are ours. undici's do not count connecting, are late by up to a second, and each of
    // its timers stays in memory for as long: garbage that outlives the young generation.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const isTls = origin.startsWith("https:");
  const deadlines = new Deadlines();
  let isOver = false;
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (isOver) {
          const cause = timeUp("the gateway is being stopped");
          return reject(new TransportError(false, "timeout", { cause }));
        }
        const { method, path, headers, body } = request;
        const exchange = new UndiciExchange(request, { isTls, deadlines, resolve, reject });
        const dispatch: PatientDispatch = { method, path, headers, body, exchange };
        pool.dispatch(dispatch, exchange);
      }),
    close: () => pool.close(),
    giveUp() {
      isOver = true;
      deadlines.expireAll();
    },
  };
}
