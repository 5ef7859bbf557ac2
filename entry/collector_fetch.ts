import type { Config } from "../config.ts";
import { proxies } from "../proxy.ts";

/**
 * A `fetch` with the certificates for the collector; the runtime's own if none is configured. Each
 * runtime's `fetch` takes certificates in another way; undici's takes them in one.
 */
export async function collectorFetch(
  { proxy, telemetry: { tls: { ca, cert, key } } }: Config,
): Promise<typeof globalThis.fetch> {
  if (ca === undefined && cert === undefined) return globalThis.fetch;
  const undici = await import("undici");
  const { ProxyDispatcher } = await import("./proxy_dispatcher.ts");
  const dispatcher = new ProxyDispatcher(proxies(proxy), {
    ...ca !== undefined && { ca },
    ...cert && key && { cert, key },
  });
  const fetch = (url: string, init: object) => undici.fetch(url, { ...init, dispatcher });
  return fetch as unknown as typeof globalThis.fetch; // undici has types of its own
}
