import type { StateStore, StoredRecord } from "../state/store.ts";
import { type BatchRecord, decodeBatchRecord, encodeBatchRecord } from "./batch_record.ts";
import { PendingWrites } from "./pending_writes.ts";

/** Batches, and changes of batches, that wait to be written; further ones are given up at once. */
export const MAX_WAITING_BATCHES = 10_000;

/** Options of {@linkcode SentBatches}. */
export interface SentBatchesOptions {
  store: StateStore;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/**
 * Remembers which caller sent which batch, without a delay for the caller. Keys are those of the
 * store.
 */
export class SentBatches {
  readonly #options: SentBatchesOptions;
  readonly #records = new PendingWrites<BatchRecord>({
    write: (key, record) => this.#create(key, record),
    maxItems: MAX_WAITING_BATCHES,
  });
  readonly #extensions = new PendingWrites<number>({
    write: async (key, untilMs) =>
      await this.#extend(key, await this.#options.store.read(key), untilMs),
    maxItems: MAX_WAITING_BATCHES,
  });

  constructor(options: SentBatchesOptions) {
    this.#options = options;
  }

  /** Batches that were not remembered, so that their callbacks go to the default relay. */
  get lost(): number {
    return this.#records.lost;
  }

  /** Begins to write. */
  remember(key: string, record: BatchRecord): void {
    void this.#records.write(key, record);
  }

  /** Begins to write that a batch is remembered until then, if it is not remembered for longer. */
  extend(key: string, untilMs: number): void {
    const waiting = this.#records.get(key);
    if (!waiting) return void this.#extensions.write(key, untilMs);
    if (waiting.untilMs < untilMs) this.remember(key, { ...waiting, untilMs });
  }

  /**
   * What is remembered of a batch, if anything.
   *
   * @throws {import("../state/store.ts").StateError} if the store does not tell
   */
  async find(key: string): Promise<BatchRecord | undefined> {
    const waiting = this.#records.get(key);
    if (waiting) return waiting;
    const stored = await this.#options.store.read(key);
    return stored && decodeBatchRecord(stored.value);
  }

  /** Tries once more what waits, and gives the rest up. */
  async close(): Promise<void> {
    await Promise.all([this.#records.close(), this.#extensions.close()]);
  }

  async #create(key: string, record: BatchRecord): Promise<void> {
    const { store, now } = this.#options;
    if (record.untilMs <= now()) return; // it has waited for too long
    const result = await store.claim(key, {
      token: crypto.randomUUID(),
      value: encodeBatchRecord(record),
      leaseMs: 0,
      ttlMs: record.untilMs - now(),
    });
    if (!result.claimed) await this.#extend(key, result.record, record.untilMs);
  }

  async #extend(key: string, stored: StoredRecord | undefined, untilMs: number): Promise<void> {
    const record = stored && decodeBatchRecord(stored.value);
    const { store, now } = this.#options;
    if (!record || record.untilMs >= untilMs || untilMs <= now()) return;
    await store.update(key, {
      token: stored.token,
      value: encodeBatchRecord({ ...record, untilMs }),
      settled: false,
      ttlMs: untilMs - now(),
    });
  }
}
