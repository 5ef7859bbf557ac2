import { delay } from "@std/async/delay";

/** What a {@linkcode ServeLoop} uses of a `Deno.HttpServer`. */
export interface AcceptingServer {
  /** Rejects when accepting fails. */
  readonly finished: Promise<void>;
  /** Closes idle connections and settles when the requests under way are answered. */
  shutdown(): Promise<void>;
}

/** Options of {@linkcode ServeLoop}. */
export interface ServeLoopOptions<Server> {
  /** Starts a server; throws where it cannot listen. */
  start: () => Server;
  /** Told why accepting failed; each time. */
  onFailure: (cause: unknown) => void;
  /**
   * Refuses requests whose body has not arrived. Called before idle connections are closed: Deno
   * closes that of a refused request only if it was refused before.
   */
  refuseUnreadBodies: () => void;
  /** Told once nothing has failed for {@linkcode RECOVERED_AFTER_MS} after a failure. */
  onRecovery: () => void;
}

/** Time before it is tried to listen again, in ms: descriptors that were closed are free by then. */
const LISTEN_AGAIN_MS = 100;

/** Longest wait for the port of a server that was closed, between two tries, in ms. */
const PORT_FREE_MS = 2;

/** Shortest time between two renewals, in ms: each costs other callers their idle connections. */
const RENEW_AFTER_MS = 200;

/** Time for refusals to be written before their connections are closed, in ms. */
const WRITE_MS = 100;

/** A failure is over when accepting has worked for this time, in ms. */
export const RECOVERED_AFTER_MS = 10_000;

/**
 * Keeps a server listening. `Deno.serve` closes its socket for good when accepting a connection
 * fails, as it does without free file descriptors. Then the idle connections of that server are
 * closed, which frees their descriptors, the requests under way are answered, and another server
 * listens in its place.
 */
export class ServeLoop<Server extends AcceptingServer> {
  readonly #servers = new Set<Server>();
  readonly #options: ServeLoopOptions<Server>;
  #recovery: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  #current: Server | undefined;
  #renewedAt = -Infinity;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ServeLoopOptions<Server>) {
    this.#options = options;
  }

  /** Starts the first server; throws where it cannot listen. */
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
   * Closes all idle connections, those whose caller still owes the rest of a refused body among
   * them: the server is replaced, and answers the requests under way. At most once in {@linkcode RENEW_AFTER_MS}.
   */
  renew(): void {
    const waitMs = this.#renewedAt + RENEW_AFTER_MS - performance.now();
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
    // First the new one, where ports can be shared: then no connection is refused.
    const isListening = this.#listensAgain();
    this.#options.refuseUnreadBodies();
    await delay(WRITE_MS);
    void this.#close(server);
    if (!isListening) await this.#listenAgain(PORT_FREE_MS);
  }

  /** Takes no new connections; settles when all requests under way are answered. */
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
    await this.#listenAgain(LISTEN_AGAIN_MS);
    if (!this.#isStopped) {
      this.#recovery = setTimeout(this.#options.onRecovery, RECOVERED_AFTER_MS);
    }
  }

  #close(server: Server): Promise<void> {
    const forget = () => void this.#servers.delete(server);
    return server.shutdown().then(forget, forget);
  }

  async #listenAgain(everyMs: number): Promise<void> {
    do await delay(everyMs); while (!this.#isStopped && !this.#listensAgain());
  }

  #listensAgain(): boolean {
    try {
      this.listen();
    } catch {
      return false; // still without descriptors, or without the port
    }
    return true;
  }
}
