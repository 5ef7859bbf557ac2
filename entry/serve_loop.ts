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
  /** Told once nothing has failed for {@linkcode RECOVERED_AFTER_MS} after a failure. */
  onRecovery: () => void;
}

/** Time before it is tried to listen again, in ms: descriptors that were closed are free by then. */
const LISTEN_AGAIN_MS = 100;

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

  /** Creates a loop that starts no server before {@linkcode listen}. */
  constructor(options: ServeLoopOptions<Server>) {
    this.#options = options;
  }

  /** Starts the first server; throws where it cannot listen. */
  listen(): Server {
    const server = this.#options.start();
    this.#servers.add(server);
    server.finished.then(
      () => this.#servers.delete(server),
      (cause) => this.#replace(server, cause),
    );
    return server;
  }

  /** Takes no new connections; settles when all requests under way are answered. */
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
    do await delay(LISTEN_AGAIN_MS); while (!this.#isStopped && !this.#listensAgain());
  }

  #listensAgain(): boolean {
    try {
      this.listen();
    } catch {
      return false; // still without descriptors
    }
    this.#recovery = setTimeout(this.#options.onRecovery, RECOVERED_AFTER_MS);
    return true;
  }
}
