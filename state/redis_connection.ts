import { createClient, createCluster, RESP_TYPES } from "@redis/client";
import { Buffer } from "node:buffer";
import { toStateError } from "./redis_error.ts";
import type { RedisAddress } from "./redis_url.ts";
import { StateError } from "./store.ts";

/** A connection to one server, as node-redis has it. */
export interface RedisNode {
  /** Changes with every new socket. */
  readonly socketEpoch: number;
  sendCommand(args: (string | Buffer)[]): Promise<unknown>;
}

/** Options of {@linkcode RedisConnection}. */
export interface RedisConnectionOptions {
  /** Certificate authorities to trust in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  onReachable: (reachable: boolean) => void;
  /** Called with each new connection. */
  onConnected: (connection: Connection) => void;
}

/** A connection to a server, or to the nodes of a Cluster. */
export interface Connection {
  nodeFor(key: string): Promise<RedisNode>;
  /** Sends a command to the node of the key, wherever the Cluster has moved it. */
  redirected(key: string, args: (string | Buffer)[]): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): void;
}

/** An attempt to connect and greet may take so long: a stopped server accepts and says nothing. */
const CONNECT_TIMEOUT_MS = 2_000;

/** Waits between attempts grow to so much, with jitter. */
const MAX_BACKOFF_MS = 2_000;
const FIRST_BACKOFF_MS = 50;

/** A replaced connection may finish what it has sent for so long. */
const DRAIN_MS = 5_000;

/** Bounds what waits for a server that says nothing. */
const MAX_QUEUE = 20_000;

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

  /** Makes a new connection, unless one is being made. */
  replace(): void {
    if (this.#closed) return;
    this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined);
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
    const connection = this.#address.cluster ? this.#cluster() : this.#server();
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

  #server(): Connection {
    const [node] = this.#address.nodes;
    let isConnected = false;
    const reconnectStrategy = (retries: number) => isConnected && backoffMs(retries);
    const client = createClient({
      ...this.#clientOptions(),
      database: this.#address.database,
      socket: { ...this.#socketOptions(node?.host), ...node, reconnectStrategy },
    });
    const isCurrent = () => this.#current?.nodeFor === nodeFor;
    const nodeFor = () => Promise.resolve(client);
    client.on("error", () => isCurrent() && this.#options.onReachable(false));
    client.on("ready", () => {
      isConnected = true;
      if (isCurrent()) this.#options.onReachable(true);
    });
    return {
      nodeFor,
      redirected: (_, args) => client.sendCommand(args),
      connect: () => client.connect(),
      destroy: () => client.destroy(),
    };
  }

  #cluster(): Connection {
    const cluster = createCluster({
      rootNodes: this.#address.nodes.map((node) => ({
        socket: { ...this.#socketOptions(node.host), ...node },
      })),
      defaults: {
        ...this.#clientOptions(),
        socket: { ...this.#socketOptions(), reconnectStrategy: backoffMs },
      },
      RESP: 2,
      commandOptions: COMMAND_OPTIONS,
      minimizeConnections: true,
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    });
    cluster.on("error", () => {});
    return {
      nodeFor: (key) => cluster.getNodeClientForKey(key, false),
      redirected: (key, args) => cluster.sendCommand(key, false, args),
      connect: () => cluster.connect(),
      destroy: () => cluster.destroy(),
    };
  }

  #clientOptions() {
    const { username, password } = this.#address;
    return {
      ...(username && { username }),
      ...(password && { password }),
      RESP: 2 as const,
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_QUEUE,
      commandOptions: COMMAND_OPTIONS,
      maintNotifications: "disabled" as const,
    };
  }

  #socketOptions(host?: string) {
    const common = { connectTimeout: CONNECT_TIMEOUT_MS };
    if (!this.#address.tls) return common;
    const { tlsCa } = this.#options;
    const isName = host !== undefined && !/^[\d.]+$|:/.test(host);
    return {
      ...common,
      tls: true as const,
      ...(isName && { servername: host }),
      ...(tlsCa !== undefined && { ca: tlsCa }),
    };
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

/** No timeout of the client's: an AbortSignal per command costs more than the command. */
const COMMAND_OPTIONS = { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

function backoffMs(retries: number): number {
  const ms = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(retries, 10), MAX_BACKOFF_MS);
  return ms * (0.75 + Math.random() / 2);
}
