import { setGlobalDispatcher } from "undici";
import type { ProxyOf } from "../proxy.ts";
import { ProxyDispatcher } from "./proxy_dispatcher.ts";

/**
 * Makes fetch use proxies: for key sets, token endpoints and the collector. Deno's fetch reads the
 * variables by itself; that of Node 20 does not.
 */
export function useProxies(proxyOf: ProxyOf): void {
  setGlobalDispatcher(new ProxyDispatcher(proxyOf));
}
