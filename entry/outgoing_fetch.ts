import { type buildConnector, fetch } from "undici";
import type { Config } from "../config.ts";
import { proxies, type ProxyOf } from "../proxy.ts";
import { ProxyDispatcher } from "./proxy_dispatcher.ts";

/**
 * A `fetch` by the proxies of the settings. The runtimes' own differ: Deno's reads the variables in
 * its own way, that of Node 20 does not.
 *
 * @param tls certificates for the servers, which the runtimes' own take in different ways
 */
export function proxiedFetch(
  proxyOf: ProxyOf,
  tls?: buildConnector.BuildOptions,
): typeof globalThis.fetch {
  return fetchBy(new ProxyDispatcher(proxyOf, { connect: tls ?? {} }));
}

/**
 * A `fetch` for what must not be sent twice: Deno's own repeats a POST when a kept connection turns
 * out to be closed. This one keeps no connection, and repeats nothing.
 */
export function unrepeatedFetch(proxyOf: ProxyOf): typeof globalThis.fetch {
  return fetchBy(new ProxyDispatcher(proxyOf, { connect: {}, pipelining: 0 }));
}

/** A `fetch` to the collector; the runtime's own if neither certificates nor proxies are set. */
export function collectorFetch({ proxy, telemetry: { tls } }: Config): typeof globalThis.fetch {
  const { ca, cert, key } = tls;
  if ((ca ?? cert ?? proxy.https ?? proxy.http) === undefined) return globalThis.fetch;
  return proxiedFetch(proxies(proxy), {
    ...ca !== undefined && { ca },
    ...cert && key && { cert, key },
  });
}

function fetchBy(dispatcher: ProxyDispatcher): typeof globalThis.fetch {
  const send = async (url: string, init: Pick<RequestInit, "signal"> = {}) => {
    // undici has types of its own.
    const { status, headers, body } = await fetch(url, { ...init as object, dispatcher });
    // On Deno, undici does not end the body of a request that is aborted.
    const options = init.signal ? { signal: init.signal } : {};
    const abortable = body ? body.pipeThrough(new TransformStream(), options) : null;
    return new Response(abortable as ReadableStream | null, { status, headers: [...headers] });
  };
  return send as typeof globalThis.fetch; // called with URLs as text only
}
