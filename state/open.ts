import { parseRedisUrl, SQLITE_URL, stateUrlProblem } from "../state_url.ts";
import { withAbandonedClaims } from "./abandoned_claims.ts";
import { MemoryStore } from "./memory.ts";
import { ObservedStore, Reachability, type StoreObserver } from "./observed.ts";
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

/**
 * Opens the store of a URL (contract.md §6). Of Redis, the first attempt to connect is awaited for
 * `timeoutMs`; whether it succeeds is no condition.
 *
 * @throws {TypeError} for a URL that {@linkcode stateUrlProblem} refuses, and for replicas of a
 *   store that has none
 * @throws {StateError} for a file that cannot be opened
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<StateStore> {
  const problem = stateUrlProblem(url);
  if (problem) throw new TypeError(problem);
  if (options.replicas && !/^rediss?:/.test(url)) throw new TypeError("Only Redis has replicas.");
  const reachability = new Reachability(options);
  const store = await openAdapter(url, options, reachability);
  return withAbandonedClaims(new ObservedStore(store, options, reachability), {
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  });
}

async function openAdapter(
  url: string,
  options: OpenStoreOptions,
  reachability: Reachability,
): Promise<StateStore> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, replicas, maxBytes, tlsCa, onWarning } = options;
  const bound = maxBytes === undefined ? {} : { maxBytes };
  const [, file, synchronous] = SQLITE_URL.exec(url) ?? [];
  if (file) {
    const { SqliteStore } = await import("./sqlite.ts");
    const isFull = synchronous === "full";
    return new SqliteStore(file, { timeoutMs, synchronous: isFull ? "full" : "normal", ...bound });
  }
  const address = parseRedisUrl(url);
  if (typeof address === "string") return new MemoryStore(bound);
  const { RedisStore } = await import("./redis.ts");
  const onReachable = (reachable: boolean) => reachability.set(reachable);
  const store = new RedisStore(address, { timeoutMs, replicas, tlsCa, onWarning, onReachable });
  await store.firstAttempt();
  return store;
}
