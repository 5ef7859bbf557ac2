import { Agent, type buildConnector, Dispatcher, ProxyAgent } from "undici";
import type { ProxyOf } from "../proxy.ts";

/** Options of {@linkcode ProxyDispatcher}. */
export interface ProxyDispatcherOptions {
  /** Certificates for the servers, not for proxies. */
  connect: buildConnector.BuildOptions;
  /** Requests on a connection at a time; 0: a connection serves one request. Default: 1. */
  pipelining?: number;
}

/** Sends each request of undici's fetch by the proxy of its origin, or directly. */
export class ProxyDispatcher extends Dispatcher {
  readonly #direct: Agent;
  readonly #proxied = new Map<string, ProxyAgent>();
  readonly #proxyOf: ProxyOf;
  readonly #options: ProxyDispatcherOptions;

  constructor(proxyOf: ProxyOf, options: ProxyDispatcherOptions) {
    super();
    this.#proxyOf = proxyOf;
    this.#options = options;
    this.#direct = new Agent({ ...options });
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    const proxy = this.#proxyOf(new URL(String(options.origin)));
    return (proxy === undefined ? this.#direct : this.#agentOf(proxy)).dispatch(options, handler);
  }

  #agentOf(uri: string): ProxyAgent {
    const { connect: requestTls, ...options } = this.#options;
    const agent = this.#proxied.get(uri) ?? new ProxyAgent({ uri, requestTls, ...options });
    this.#proxied.set(uri, agent);
    return agent;
  }
}
