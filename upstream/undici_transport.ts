import { buildConnector, Pool } from "undici";
import { TransportError } from "../errors/transport_error.ts";
import { Deadlines } from "../limits/deadlines.ts";
import { PausableClient, type PausableDispatchOptions } from "./pausable_client.ts";
import type { UpstreamTarget } from "./target.ts";
import { timeoutError, type Transport } from "./transport.ts";
import { UndiciResponseHandler } from "./undici_response_handler.ts";

/** Options of {@linkcode undiciTransport}. */
export interface UndiciTransportOptions {
  /** Deadline for connecting, TLS included, in ms. */
  connectTimeoutMs: number;
}

/**
 * Idle connections are closed after this time: less than the idle timeouts of common servers and
 * load balancers (5 s for Node), so that a server rarely closes one just as a request is sent.
 */
const KEEP_ALIVE_MS = 4_000;

/** Maximum size of response headers, in bytes; more comes from a broken or hostile upstream. */
const MAX_HEADER_BYTES = 32 * 1024;

/**
 * A transport over undici's connection pools, for runtimes with sockets. HTTP/1.1 without
 * pipelining: all bytes written on a connection belong to one request, so it is always known
 * whether a request was sent.
 *
 * There is a pool for each origin. Origins come from the configuration, so there are few, and their
 * pools are kept; idle connections are not.
 */
export function undiciTransport(options: UndiciTransportOptions): Transport {
  const connect = buildConnector({ timeout: options.connectTimeoutMs, allowH2: false });
  const pools = new Map<string, OriginPool>();
  const poolOf = ({ origin }: UpstreamTarget): OriginPool => {
    const known = pools.get(origin);
    if (known) return known;
    const created = { pool: createPool(origin, connect), isTls: origin.startsWith("https:") };
    pools.set(origin, created);
    return created;
  };
  const deadlines = new Deadlines();
  let isShutDown = false;
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        if (isShutDown) {
          const cause = timeoutError("the gateway is shutting down");
          return reject(new TransportError(false, "timeout", { cause }));
        }
        const { target, method, path, headers, body } = request;
        const { pool, isTls } = poolOf(target);
        const responseHandler = new UndiciResponseHandler(request, {
          isTls,
          deadlines,
          resolve,
          reject,
        });
        const options: PausableDispatchOptions = { method, path, headers, body, responseHandler };
        pool.dispatch(options, responseHandler);
      }),
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
    expireAll() {
      isShutDown = true;
      deadlines.expireAll();
    },
  };
}

/** The connections to one origin. */
interface OriginPool {
  readonly pool: Pool;
  readonly isTls: boolean;
}

function createPool(origin: string, connect: buildConnector.connector): Pool {
  return new Pool(origin, {
    allowH2: false,
    pipelining: 1,
    factory: (url, options) => new PausableClient(url, options, connect),
    // Replaced by `Deadlines`: undici's timeouts do not include connecting, are up to a second
    // late, and each of its timers stays in memory for that long.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
}
