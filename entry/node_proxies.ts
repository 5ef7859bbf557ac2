import { Agent, Dispatcher, ProxyAgent, setGlobalDispatcher } from "undici";
import type { ProxyOf } from "../proxy.ts";

/**
 * Makes fetch use proxies: for key sets, token endpoints and the collector. Deno's fetch reads the
 * variables by itself; that of Node 20 does not.
 */
export function useProxies(proxyOf: ProxyOf): void {
  setGlobalDispatcher(new ProxyDispatcher(proxyOf));
}

/** Sends each request by the proxy of its origin, or directly. */
class ProxyDispatcher extends Dispatcher {
  readonly #direct = new Agent();
  readonly #proxied = new Map<string, ProxyAgent>();

  constructor(readonly proxyOf: ProxyOf) {
    super();
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const proxy = this.proxyOf(new URL(String(options.origin)));
    return (proxy === undefined ? this.#direct : this.#agentOf(proxy)).dispatch(options, handler);
  }

  #agentOf(proxy: string): ProxyAgent {
    const agent = this.#proxied.get(proxy) ?? new ProxyAgent(proxy);
    this.#proxied.set(proxy, agent);
    return agent;
  }
}
