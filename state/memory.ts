import {
  type Change,
  type Claim,
  type ClaimResult,
  StateError,
  type StateStore,
  type StoredRecord,
} from "./store.ts";

/** Options of {@linkcode MemoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Memory that live records may take before claims fail with `full`; default: 64 MiB. The process
   * grows by about twice as much, with the garbage that V8 lets gather.
   */
  maxBytes?: number;
  /** Monotonic clock, ms; default: `performance.now()`. */
  now?: () => number;
}

interface MemoryRecord {
  token: string;
  value: Uint8Array;
  settled: boolean;
  claimedAt: number;
  leaseUntil: number;
  expiresAt: number;
}

/** Default of `maxBytes`: about 55,000 answers of 500 bytes. */
export const MAX_MEMORY_STORE_BYTES = 64 * 1024 * 1024;

/** Heap that a record takes besides its strings and value, as measured on Deno 2.9. */
const RECORD_OVERHEAD_BYTES = 600;

/** Records are grouped by the time they expire. After a day of silence, 8,640 groups are visited. */
const EXPIRY_GROUP_MS = 10_000;

/** Expired records that one claim deletes at most, unless it needs the space. */
const MAX_DELETED_PER_CLAIM = 64;

/** A store of this process; its records are gone when the process ends. */
export class MemoryStore implements StateStore {
  readonly kind = "memory";
  readonly #records = new Map<string, MemoryRecord>();
  readonly #expiryGroups = new Map<number, Set<string>>();
  readonly #maxBytes: number;
  readonly #now: () => number;
  #oldestGroup: number;
  #bytes = 0;

  constructor(options: MemoryStoreOptions = {}) {
    this.#maxBytes = options.maxBytes ?? MAX_MEMORY_STORE_BYTES;
    this.#now = options.now ?? (() => performance.now());
    this.#oldestGroup = groupOf(this.#now());
  }

  /** Memory that the records take, as it is counted against `maxBytes`. */
  get bytes(): number {
    return this.#bytes;
  }

  claim(key: string, claim: Claim): Promise<ClaimResult> {
    const now = this.#now();
    const found = this.#live(key, now);
    if (found) return Promise.resolve({ claimed: false, record: stored(found, now) });
    const record = {
      token: claim.token,
      value: claim.value.slice(),
      settled: false,
      claimedAt: now,
      leaseUntil: now + claim.leaseMs,
      expiresAt: now + claim.ttlMs,
    };
    const bytes = bytesOf(key, record);
    this.#deleteExpired(now, bytes);
    if (this.#bytes + bytes > this.#maxBytes) return Promise.reject(new StateError("full"));
    this.#put(key, record);
    return Promise.resolve({ claimed: true });
  }

  read(key: string): Promise<StoredRecord | undefined> {
    const now = this.#now();
    const found = this.#live(key, now);
    return Promise.resolve(found && stored(found, now));
  }

  // An update may exceed maxBytes: an answer that is not stored cannot be replayed.
  update(key: string, { token, value, settled, ttlMs }: Change): Promise<boolean> {
    const now = this.#now();
    const found = this.#live(key, now);
    if (found?.token !== token || found.settled) return Promise.resolve(false);
    this.#delete(key, found);
    const { claimedAt } = found;
    const changed = { token, value: value.slice(), settled, claimedAt, leaseUntil: now };
    this.#put(key, { ...changed, expiresAt: now + ttlMs });
    return Promise.resolve(true);
  }

  release(key: string, token: string): Promise<boolean> {
    const found = this.#live(key, this.#now());
    if (found?.token !== token || found.settled) return Promise.resolve(false);
    this.#delete(key, found);
    return Promise.resolve(true);
  }

  close(): Promise<void> {
    this.#records.clear();
    this.#expiryGroups.clear();
    this.#bytes = 0;
    return Promise.resolve();
  }

  #live(key: string, now: number): MemoryRecord | undefined {
    const record = this.#records.get(key);
    if (!record || record.expiresAt > now) return record;
    this.#delete(key, record);
    return undefined;
  }

  #put(key: string, record: MemoryRecord): void {
    this.#records.set(key, record);
    this.#bytes += bytesOf(key, record);
    const group = groupOf(record.expiresAt);
    const keys = this.#expiryGroups.get(group);
    if (keys) keys.add(key);
    else this.#expiryGroups.set(group, new Set([key]));
  }

  #delete(key: string, record: MemoryRecord): void {
    this.#records.delete(key);
    this.#bytes -= bytesOf(key, record);
    const group = groupOf(record.expiresAt);
    const keys = this.#expiryGroups.get(group);
    keys?.delete(key);
    if (keys?.size === 0) this.#expiryGroups.delete(group);
  }

  /** Deletes a few expired records, or as many as make space for `bytes`. */
  #deleteExpired(now: number, bytes: number): void {
    let deleted = 0;
    for (; this.#oldestGroup <= groupOf(now); this.#oldestGroup++) {
      for (const key of this.#expiryGroups.get(this.#oldestGroup) ?? []) {
        const full = this.#bytes + bytes > this.#maxBytes;
        if (deleted >= MAX_DELETED_PER_CLAIM && !full) return;
        const record = this.#records.get(key);
        // The newest group also holds records that expire later within it.
        if (record && record.expiresAt > now) return;
        if (record) this.#delete(key, record);
        deleted++;
      }
      if (this.#oldestGroup === groupOf(now)) return;
    }
  }
}

function groupOf(timeMs: number): number {
  return Math.floor(timeMs / EXPIRY_GROUP_MS);
}

function bytesOf(key: string, { token, value }: MemoryRecord): number {
  return key.length + token.length + value.byteLength + RECORD_OVERHEAD_BYTES;
}

function stored(record: MemoryRecord, now: number): StoredRecord {
  const { token, value, settled, claimedAt, leaseUntil } = record;
  const leaseExpired = leaseUntil <= now;
  return { token, value: value.slice(), settled, leaseExpired, ageMs: now - claimedAt };
}
