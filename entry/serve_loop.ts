import { delay } from "@std/async/delay";

/** The part of `Deno.HttpServer` that {@linkcode ServeLoop} uses. */
export interface AcceptingServer {
  /** Rejects when accepting fails. */
  readonly finished: Promise<void>;
  /** Closes idle connections; settles when the requests in flight have a response. */
  shutdown(): Promise<void>;
}

/** Options of {@linkcode ServeLoop}. */
export interface ServeLoopOptions<Server> {
  /** Starts a server; throws when it cannot listen. */
  start: () => Server;
  /** Called with the cause each time accepting fails. */
  onFailure: (cause: unknown) => void;
  /**
   * Refuses requests whose body has not arrived. Called before idle connections are closed: Deno
   * closes the connection of a refused request only if it was refused before.
   */
  refuseUnreadBodies: () => void;
  /** Called when {@linkcode RECOVERED_AFTER_MS} have passed since the last failure. */
  onRecovery: () => void;
}

/** Delay before listening again, in ms: closed descriptors are free by then. */
const RESTART_DELAY_MS = 100;

/** Interval between attempts to listen on the port of a server that was closed, in ms. */
const PORT_FREE_MS = 2;

/** Shortest time between two renewals, in ms: each costs other callers their idle connections. */
const RENEW_INTERVAL_MS = 200;

/** Time for refusals to be written before their connections are closed, in ms. */
const WRITE_MS = 100;

/** Time without a failure after which accepting counts as recovered, in ms. */
export const RECOVERED_AFTER_MS = 10_000;

/**
 * Keeps a server listening. `Deno.serve` closes its socket when accepting a connection fails, as it
 * does when no file descriptor is free. Then this class shuts that server down, which closes its
 * idle connections and answers its requests in flight, and starts another server.
 */
export class ServeLoop<Server extends AcceptingServer> {
  readonly #servers = new Set<Server>();
  readonly #options: ServeLoopOptions<Server>;
  #recovery: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  #current: Server | undefined;
  #renewedAt = -Infinity;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  /** Creates a loop that starts no server before {@linkcode listen}. */
  constructor(options: ServeLoopOptions<Server>) {
    this.#options = options;
  }

  /** Starts a server; throws when it cannot listen. */
  listen(): Server {
    const server = this.#options.start();
    this.#servers.add(server);
    this.#current = server;
    server.finished.then(
      () => this.#servers.delete(server),
      (cause) => this.#replace(server, cause),
    );
    return server;
  }

  /**
   * Closes all idle connections, including those of refused requests whose body has not arrived:
   * another server takes the port, and this one answers the requests in flight. Happens at most once
   * in {@linkcode RENEW_INTERVAL_MS}.
   */
  renew(): void {
    const waitMs = this.#renewedAt + RENEW_INTERVAL_MS - performance.now();
    if (waitMs > 0) {
      this.#renewal ??= setTimeout(() => void this.#renewNow(), waitMs);
    } else {
      void this.#renewNow();
    }
  }

  async #renewNow(): Promise<void> {
    this.#renewal = undefined;
    const server = this.#current;
    if (!server || this.#isStopped) return;
    this.#renewedAt = performance.now();
    this.#current = undefined;
    // The new server listens first, if ports can be shared: then no connection is refused.
    const isListening = this.#tryToListen();
    this.#options.refuseUnreadBodies();
    await delay(WRITE_MS);
    if (this.#isStopped) return; // then shutdown() has closed it
    void this.#close(server);
    if (!isListening) await this.#keepTryingToListen(PORT_FREE_MS);
  }

  /** Stops accepting connections; settles when all requests in flight have a response. */
  async shutdown(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#recovery);
    clearTimeout(this.#renewal);
    await Promise.all([...this.#servers].map((server) => server.shutdown()));
  }

  async #replace(failed: Server, cause: unknown): Promise<void> {
    if (this.#isStopped || failed !== this.#current) return;
    this.#current = undefined;
    clearTimeout(this.#recovery);
    this.#options.onFailure(cause);
    void this.#close(failed);
    await this.#keepTryingToListen(RESTART_DELAY_MS);
    if (!this.#isStopped) {
      this.#recovery = setTimeout(this.#options.onRecovery, RECOVERED_AFTER_MS);
    }
  }

  #close(server: Server): Promise<void> {
    const forget = () => void this.#servers.delete(server);
    return server.shutdown().then(forget, forget);
  }

  async #keepTryingToListen(intervalMs: number): Promise<void> {
    do await delay(intervalMs); while (!this.#isStopped && !this.#tryToListen());
  }

  #tryToListen(): boolean {
    try {
      this.listen();
    } catch {
      return false; // there are still no descriptors, or the port is still taken
    }
    return true;
  }
}
