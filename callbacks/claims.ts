import type { Change, StateStore } from "../state/store.ts";
import { PendingWrites } from "./pending_writes.ts";

/** Options of {@linkcode doOnce}. */
export interface DoOnceOptions {
  store: StateStore;
  /** The work that was done, as far as the store does not have it yet. */
  done: PendingWrites<Change>;
  /** Longest time that the work takes, in ms. */
  leaseMs: number;
  /** How long it is remembered that the work was done, in ms. */
  ttlMs: number;
}

/**
 * Whether the work was done now, was done before, or is done by another request at this time, on
 * whichever instance.
 */
export type OnceResult = "done" | "done_before" | "under_way";

const NO_VALUE = new Uint8Array();

/** Keys of work that was done, and is not written yet. */
export const MAX_WAITING_KEYS = 10_000;

/** Writes to the store which work was done. */
export function doneWork(store: StateStore): PendingWrites<Change> {
  const write = (key: string, change: Change) => store.update(key, change);
  return new PendingWrites({ write, maxItems: MAX_WAITING_KEYS });
}

/**
 * Does work at most once at a time, and never again once it has succeeded: if `work` rejects, the
 * key is free again. When its lease has ended, a key is taken over from an instance that died, that
 * was stopped for so long, or that could not write to the store since: that work is done twice.
 *
 * @throws what `work` rejects with
 * @throws {import("../state/store.ts").StateError} if the store does not tell; nothing was done
 */
export async function doOnce(
  key: string,
  { store, done, leaseMs, ttlMs }: DoOnceOptions,
  work: () => Promise<void>,
): Promise<OnceResult> {
  if (done.get(key)) return "done_before";
  const claim = { token: crypto.randomUUID(), value: NO_VALUE, leaseMs, ttlMs };
  let result = await store.claim(key, claim);
  if (!result.claimed && result.record.leaseExpired && !result.record.settled) {
    await store.release(key, result.record.token); // of several requests, one succeeds
    result = await store.claim(key, claim);
  }
  if (!result.claimed) return result.record.settled ? "done_before" : "under_way";
  try {
    await work();
  } catch (error) {
    await store.release(key, claim.token).catch(() => {}); // the store releases it later
    throw error;
  }
  await done.write(key, { token: claim.token, value: NO_VALUE, settled: true, ttlMs });
  return "done";
}
