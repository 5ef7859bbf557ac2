import { buildConnector, type Dispatcher, Pool, ProxyAgent } from "undici";
import { TransportError } from "../errors/transport_error.ts";
import type { ProxyOf } from "../proxy.ts";
import { Deadlines } from "../limits/deadlines.ts";
import { PausableClient, type PausableDispatchOptions } from "./pausable_client.ts";
import type { UpstreamTarget } from "./target.ts";
import { timeoutError, type Transport } from "./transport.ts";
import { UndiciResponseHandler } from "./undici_response_handler.ts";

/** Options of {@linkcode undiciTransport}. */
export interface UndiciTransportOptions {
  /** Deadline for connecting, TLS and proxy included, in ms. */
  connectTimeoutMs: number;
  /** The proxy of an origin. Default: none has one. */
  proxyOf?: ProxyOf;
  /** Presented to servers that ask for one. Default: none. */
  clientCertificate?: ClientCertificate | undefined;
}

/** A certificate with its chain, and its private key, both in PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A transport whose client certificate and proxies can change. */
export interface UndiciTransport extends Transport {
  /**
   * Requests from now on use this certificate, and the proxies that `proxyOf` returns now; those
   * under way end on their connections.
   */
  reconnect(certificate?: ClientCertificate): void;
}

/**
 * Idle connections are closed after this time: less than the idle timeouts of common servers and
 * load balancers (5 s for Node), so that a server rarely closes one just as a request is sent.
 */
const KEEP_ALIVE_MS = 4_000;

/** Codes of undici that do not end the requests which wait for a connection. */
const BROKEN_CODES: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "UND_ERR_INFO"]);

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
export function undiciTransport(options: UndiciTransportOptions): UndiciTransport {
  const { connectTimeoutMs, proxyOf } = options;
  let { clientCertificate } = options;
  const pools = new Map<string, OriginPool>();
  const poolOf = ({ origin }: UpstreamTarget): OriginPool => {
    const known = pools.get(origin);
    if (known) return known;
    const tls = { timeout: connectTimeoutMs, allowH2: false, ...clientCertificate };
    const proxy = proxyOf?.(new URL(origin));
    const pool = proxy === undefined
      ? createPool(origin, buildConnector(tls))
      : proxiedPool(proxy, { tls, connectTimeoutMs });
    const created = { pool, proxy, isTls: origin.startsWith("https:") };
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
        const { origin } = target;
        const options = { origin, method, path, headers, body, responseHandler };
        pool.dispatch(options satisfies PausableDispatchOptions, responseHandler);
      }),
    async close() {
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()));
    },
    reconnect(certificate) {
      const isOther = certificate?.cert !== clientCertificate?.cert ||
        certificate?.key !== clientCertificate?.key;
      clientCertificate = certificate;
      for (const [origin, { pool, proxy }] of pools) {
        if (!isOther && proxy === proxyOf?.(new URL(origin))) continue;
        void pool.close();
        pools.delete(origin);
      }
    },
    expireAll() {
      isShutDown = true;
      deadlines.expireAll();
    },
  };
}

/** The connections to one origin. */
interface OriginPool {
  readonly pool: Dispatcher;
  readonly proxy: string | undefined;
  readonly isTls: boolean;
}

/**
 * Connections through a proxy (CONNECT), to http origins as well: it then sees bytes only, and
 * cannot send a request again.
 */
function proxiedPool(
  uri: string,
  { tls, connectTimeoutMs }: { tls: buildConnector.BuildOptions; connectTimeoutMs: number },
): Dispatcher {
  return new ProxyAgent({
    uri,
    proxyTls: { timeout: connectTimeoutMs, allowH2: false },
    requestTls: tls,
    // Deadline for the proxy's answer to CONNECT.
    clientFactory: (url, options) =>
      new Pool(url, { ...options, headersTimeout: connectTimeoutMs, pipelining: 1 }),
    factory: (origin, { connect }: { connect?: buildConnector.connector }) => {
      if (!connect) throw new Error("undici's ProxyAgent passes no connector");
      return createPool(String(origin), throughProxy(connect));
    },
  });
}

/**
 * Reports a broken connection to the proxy as a failure to connect: undici would take its code for
 * that of a broken connection to the origin, and connect again and again.
 */
function throughProxy(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...result) => {
      const [error, socket] = result;
      if (!error) return callback(null, socket);
      const isBroken = "code" in error && BROKEN_CODES.has(String(error.code));
      callback(
        isBroken ? new Error("the proxy closed the connection", { cause: error }) : error,
        null,
      );
    });
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
