import { createClient, createCluster, RESP_TYPES } from "@redis/client";
import { Buffer } from "node:buffer";
import type { RedisAddress } from "../state_url.ts";
import { REDISCOVER_AFTER_MS, watchNodes } from "./redis_cluster_nodes.ts";

/** A connection to one server, as node-redis has it. */
export interface RedisNode {
  /** Changes with every new socket. */
  readonly socketEpoch: number;
  sendCommand(args: (string | Buffer)[]): Promise<unknown>;
}

/** A connection to a server, or to the nodes of a Cluster. */
export interface Connection {
  nodeFor(key: string): Promise<RedisNode>;
  /** Sends a command to the node of the key, wherever the Cluster has moved it. */
  redirected(key: string, args: (string | Buffer)[]): Promise<unknown>;
  /** Tries once; afterwards the client reconnects by itself. */
  connect(): Promise<unknown>;
  destroy(): void;
}

/** Options of {@linkcode openClient}. */
export interface ClientOptions {
  /** Certificate authorities to trust in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  /** Called when a connection to a single server stands (true) or breaks (false). */
  onReady: (isReady: boolean) => void;
  /** Called when a node of a Cluster cannot be reached, and the client does not look for another. */
  onNodeMissing: () => void;
}

/** An attempt to connect and greet may take so long: a stopped server accepts and says nothing. */
export const CONNECT_TIMEOUT_MS = 2_000;

/** Waits between attempts grow from the first to the second, with jitter. */
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2_000;

/** Commands that wait for a server that says nothing; each has its value in memory. */
const MAX_QUEUE = 20_000;

/** No timeout of the client's: an AbortSignal per command costs more than the command. */
const COMMAND_OPTIONS = { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** How long to wait before the next attempt to connect, in ms. */
export function backoffMs(retries: number): number {
  const ms = Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(retries, 10), MAX_BACKOFF_MS);
  return ms * (0.75 + Math.random() / 2);
}

/** A client for the address; not connected yet. */
export function openClient(address: RedisAddress, options: ClientOptions): Connection {
  return address.cluster ? openCluster(address, options) : openServer(address, options);
}

function openServer(address: RedisAddress, { tlsCa, onReady }: ClientOptions): Connection {
  const [node] = address.nodes;
  let hasConnected = false;
  const reconnectStrategy = (retries: number) => hasConnected && backoffMs(retries);
  const client = createClient({
    ...clientOptions(address),
    database: address.database,
    socket: { ...socketOptions(address, tlsCa), ...node, reconnectStrategy },
  });
  client.on("error", () => onReady(false));
  client.on("ready", () => {
    hasConnected = true;
    onReady(true);
  });
  return {
    nodeFor: () => Promise.resolve(client),
    redirected: (_, args) => client.sendCommand(args),
    connect: () => client.connect(),
    destroy: () => client.destroy(),
  };
}

function openCluster(
  address: RedisAddress,
  { tlsCa, onNodeMissing }: ClientOptions,
): Connection {
  const cluster = createCluster({
    rootNodes: address.nodes.map((node) => ({
      socket: { ...socketOptions(address, tlsCa), ...node },
    })),
    defaults: {
      ...clientOptions(address),
      socket: { ...socketOptions(address, tlsCa), reconnectStrategy: backoffMs },
    },
    RESP: 2,
    commandOptions: COMMAND_OPTIONS,
    // Otherwise a node that is down keeps the others from being used.
    minimizeConnections: true,
    topologyRefreshOnReconnectionAttemptStrategy: REDISCOVER_AFTER_MS,
  });
  let lastError: unknown;
  cluster.on("error", (error) => lastError = error);
  watchNodes(cluster, onNodeMissing);
  return {
    nodeFor: (key) => cluster.getNodeClientForKey(key, false),
    redirected: (key, args) => cluster.sendCommand(key, false, args),
    // Its own error says no more than that no node answered.
    connect: () => cluster.connect().catch((error) => Promise.reject(lastError ?? error)),
    destroy: () => cluster.destroy(),
  };
}

function clientOptions({ username, password }: RedisAddress) {
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

function socketOptions({ tls }: RedisAddress, tlsCa?: string) {
  const common = { connectTimeout: CONNECT_TIMEOUT_MS };
  if (!tls) return common;
  return { ...common, tls: true as const, ...(tlsCa !== undefined && { ca: tlsCa }) };
}
