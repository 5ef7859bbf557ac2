import { Agent, type buildConnector, Dispatcher, ProxyAgent } from "undici";
import type { ProxyOf } from "../proxy.ts";

/** Sends each request of undici's fetch by the proxy of its origin, or directly. */
export class ProxyDispatcher extends Dispatcher {
  readonly #direct: Agent;
  readonly #proxied = new Map<string, ProxyAgent>();
  readonly #proxyOf: ProxyOf;
  readonly #tls: buildConnector.BuildOptions;

  /** @param tls certificates for the servers, not for proxies */
  constructor(proxyOf: ProxyOf, tls: buildConnector.BuildOptions = {}) {
    super();
    this.#proxyOf = proxyOf;
    this.#tls = tls;
    this.#direct = new Agent({ connect: tls });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const proxy = this.#proxyOf(new URL(String(options.origin)));
    return (proxy === undefined ? this.#direct : this.#agentOf(proxy)).dispatch(options, handler);
  }

  #agentOf(uri: string): ProxyAgent {
    const agent = this.#proxied.get(uri) ?? new ProxyAgent({ uri, requestTls: this.#tls });
    this.#proxied.set(uri, agent);
    return agent;
  }
}
