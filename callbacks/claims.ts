import type { Settlements } from "../idempotency/settlements.ts";

/** Options of {@linkcode doOnce}. */
export interface DoOnceOptions {
  settlements: Settlements;
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

/**
 * Does work at most once at a time, and never again once it has succeeded: if `work` rejects, the
 * key is free again. A key whose gateway died is taken over when its lease has ended: that work may
 * be done twice.
 *
 * @throws what `work` rejects with
 * @throws {import("../state/store.ts").StateError} if the store does not tell; nothing was done
 */
export async function doOnce(
  key: string,
  { settlements, leaseMs, ttlMs }: DoOnceOptions,
  work: () => Promise<void>,
): Promise<OnceResult> {
  const { store } = settlements;
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
  await settlements.write(key, { token: claim.token, value: NO_VALUE, settled: true, ttlMs });
  return "done";
}
