import { parseRedisUrl, SQLITE_URL, stateUrlProblem } from "../state_url.ts";
import { withAbandonedClaims } from "./abandoned_claims.ts";
import type { Counters } from "./counters.ts";
import { MemoryStore } from "./memory.ts";
import { MemoryCounters } from "./memory_counters.ts";
import {
  ObservedCounters,
  ObservedStore,
  OperationReports,
  Reachability,
  type StoreObserver,
} from "./observed.ts";
import type { StateStore } from "./store.ts";

/** Options of {@linkcode openStore}. */
export interface OpenStoreOptions extends StoreObserver {
  /** Deadline of every operation, in ms (contract.md §6); default: 250. */
  timeoutMs?: number | undefined;
  /** Replicas of Redis that must have a claim before it counts; default: 0. */
  replicas?: number | undefined;
  /** Bound of a `memory:` or `sqlite:` store; default: 64 MiB and 1 GiB. */
  maxBytes?: number | undefined;
  /** Certificate authorities for `rediss:` in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  /** Told in a sentence when the store cannot keep its promises. */
  onWarning?: ((sentence: string) => void) | undefined;
}

const DEFAULT_TIMEOUT_MS = 250;

/** What is kept in one place; closing the store closes the counters, too. */
export interface StoreAndCounters {
  readonly store: StateStore;
  readonly counters: Counters;
}

/**
 * Opens the store and the counters of a URL (contract.md §6). Of Redis, the first attempt to
 * connect is awaited for `timeoutMs`; whether it succeeds is no condition.
 *
 * @throws {TypeError} for a URL that {@linkcode stateUrlProblem} refuses, and for replicas of a
 *   store that has none
 * @throws {StateError} for a file that cannot be opened
 */
export async function openStateAt(
  url: string,
  options: OpenStoreOptions = {},
): Promise<StoreAndCounters> {
  const problem = stateUrlProblem(url);
  if (problem) throw new TypeError(problem);
  if (options.replicas && !/^rediss?:/.test(url)) throw new TypeError("Only Redis has replicas.");
  const reachability = new Reachability(options);
  const { store, counters } = await openAdapters(url, options, reachability);
  const reports = new OperationReports(options, reachability);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  return {
    store: withAbandonedClaims(new ObservedStore(store, reports), { timeoutMs }),
    // Counting in memory cannot fail, and takes less time than its report.
    counters: store.kind === "memory" ? counters : new ObservedCounters(counters, reports),
  };
}

/** Opens the store of a URL alone, as {@linkcode openStateAt} does. */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<StateStore> {
  return (await openStateAt(url, options)).store;
}

async function openAdapters(
  url: string,
  options: OpenStoreOptions,
  reachability: Reachability,
): Promise<StoreAndCounters> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, replicas, maxBytes, tlsCa, onWarning } = options;
  const bound = maxBytes === undefined ? {} : { maxBytes };
  const [, file, synchronous] = SQLITE_URL.exec(url) ?? [];
  if (file) {
    const { SqliteStore } = await import("./sqlite.ts");
    const isFull = synchronous === "full";
    const settings = { timeoutMs, synchronous: isFull ? "full" : "normal", ...bound } as const;
    const store = new SqliteStore(file, settings);
    return { store, counters: store.counters() };
  }
  const address = parseRedisUrl(url);
  if (typeof address === "string") {
    return { store: new MemoryStore(bound), counters: new MemoryCounters() };
  }
  const onReachable = (reachable: boolean) => reachability.set(reachable);
  const { openRedis } = await import("./redis_open.ts");
  return await openRedis(address, { timeoutMs, replicas, tlsCa, onWarning, onReachable });
}
