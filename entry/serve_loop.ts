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
  /** Called when {@linkcode RECOVERED_AFTER_MS} have passed since the last failure. */
  onRecovery: () => void;
}

/** Delay before listening again, in ms: closed descriptors are free by then. */
const RESTART_DELAY_MS = 100;

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

  constructor(options: ServeLoopOptions<Server>) {
    this.#options = options;
  }

  /** Starts a server; throws when it cannot listen. */
  listen(): Server {
    const server = this.#options.start();
    this.#servers.add(server);
    server.finished.then(
      () => this.#servers.delete(server),
      (cause) => this.#replace(server, cause),
    );
    return server;
  }

  /** Stops accepting connections; settles when all requests in flight have a response. */
  async shutdown(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#recovery);
    await Promise.all([...this.#servers].map((server) => server.shutdown()));
  }

  async #replace(failed: Server, cause: unknown): Promise<void> {
    if (this.#isStopped) return;
    clearTimeout(this.#recovery);
    this.#options.onFailure(cause);
    const forget = () => void this.#servers.delete(failed);
    failed.shutdown().then(forget, forget);
    do await delay(RESTART_DELAY_MS); while (!this.#isStopped && !this.#tryToListen());
  }

  #tryToListen(): boolean {
    try {
      this.listen();
    } catch {
      return false; // there are still no descriptors
    }
    this.#recovery = setTimeout(this.#options.onRecovery, RECOVERED_AFTER_MS);
    return true;
  }
}
