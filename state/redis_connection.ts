import { backoffMs, CONNECT_TIMEOUT_MS, type Connection, openClient } from "./redis_client.ts";
import { toStateError } from "./redis_error.ts";
import type { RedisAddress } from "../state_url.ts";
import { StateError } from "./store.ts";

/** Options of {@linkcode RedisConnection}. */
export interface RedisConnectionOptions {
  /** Certificate authorities to trust in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  onReachable: (reachable: boolean) => void;
  /** Called with each new connection. */
  onConnected: (connection: Connection) => void;
}

/** Time from one attempt to the next for {@linkcode RedisConnection.replace}. */
const REPLACE_INTERVAL_MS = 1_000;

/** A replaced connection may finish what it has sent for so long. */
const DRAIN_MS = 5_000;

/**
 * A connection that comes back by itself. node-redis reconnects when a socket breaks; where a
 * server is silent without breaking it, {@linkcode replace} makes a second connection, and gives
 * up the first when the second stands.
 */
export class RedisConnection {
  readonly #address: RedisAddress;
  readonly #options: RedisConnectionOptions;
  /** Those that are not destroyed: the current one, those being made, and those replaced. */
  readonly #open = new Set<Connection>();
  #current: Connection | undefined;
  #failure = new StateError("unreachable", { detail: "not connected yet" });
  #connecting: Promise<void> | undefined;
  #notBefore = 0;
  #closed = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(address: RedisAddress, options: RedisConnectionOptions) {
    this.#address = address;
    this.#options = options;
    this.replace();
  }

  /** @throws {StateError} why there is none, if there never was one */
  get current(): Connection {
    if (!this.#current) throw this.#failure;
    return this.#current;
  }

  /** Settles when the attempt to connect that is under way has ended. */
  get connecting(): Promise<void> | undefined {
    return this.#connecting;
  }

  /** Makes a new connection, unless one is being made or was tried for a moment ago. */
  replace(): void {
    const now = performance.now();
    if (this.#closed || this.#connecting || now < this.#notBefore) return;
    this.#notBefore = now + REPLACE_INTERVAL_MS;
    this.#connecting = this.#connect().finally(() => this.#connecting = undefined);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const connection of this.#open) this.#destroy(connection);
  }

  async #connect(): Promise<void> {
    // The first connection is tried for until it stands; a second one once.
    for (let attempt = 0; !this.#closed; attempt++) {
      if (await this.#attempt() || this.#current) return;
      this.#options.onReachable(false);
      await this.#sleep(backoffMs(attempt));
    }
  }

  async #attempt(): Promise<boolean> {
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = this.#later(CONNECT_TIMEOUT_MS, () => reject(new StateError("timeout")));
    const connection = this.#openClient();
    this.#open.add(connection);
    try {
      await Promise.race([connection.connect(), timeout]);
    } catch (error) {
      this.#failure = toStateError(error);
      this.#destroy(connection);
      return false;
    } finally {
      clearTimeout(timer);
      this.#timers.delete(timer);
    }
    if (this.#closed) this.#destroy(connection);
    else this.#use(connection);
    return true;
  }

  #openClient(): Connection {
    const connection: Connection = openClient(this.#address, {
      tlsCa: this.#options.tlsCa,
      onReady: (isReady) => {
        if (connection === this.#current && !this.#closed) this.#options.onReachable(isReady);
      },
      onNodeMissing: () => {
        if (connection === this.#current) this.replace();
      },
    });
    return connection;
  }

  #use(connection: Connection): void {
    const replaced = this.#current;
    this.#current = connection;
    if (replaced) this.#later(DRAIN_MS, () => this.#destroy(replaced));
    this.#options.onReachable(true);
    this.#options.onConnected(connection);
  }

  #destroy(connection: Connection): void {
    this.#open.delete(connection);
    connection.destroy();
  }

  #later(ms: number, run: () => void) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#later(ms, resolve));
  }
}
