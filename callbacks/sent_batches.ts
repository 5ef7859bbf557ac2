import { delay } from "@std/async/delay";
import { StateError, type StateStore } from "../state/store.ts";
import { type BatchRecord, encodeBatchRecord } from "./batch_record.ts";

/** A batch that is to be remembered. */
export interface SentBatch {
  /** Finds it in the store. */
  readonly key: string;
  readonly record: BatchRecord;
  readonly ttlMs: number;
}

/** Delays before a write that failed is tried again, in ms. */
const RETRY_DELAYS_MS = [250, 1_000, 4_000, 16_000];

/** Batches that wait to be written; further ones are given up at once. */
export const MAX_WAITING_BATCHES = 10_000;

/**
 * Remembers which caller sent which batch, without a delay for the caller. A batch that cannot be
 * written is lost: its callbacks go to the default relay.
 */
export class SentBatches {
  readonly #store: StateStore;
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** Batches that were not remembered. */
  lost = 0;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** Begins to write; never throws. */
  remember(batch: SentBatch): void {
    if (this.#underWay.size >= MAX_WAITING_BATCHES) return void this.lost++;
    const writing = this.#write(batch);
    this.#underWay.add(writing);
    void writing.finally(() => this.#underWay.delete(writing));
  }

  /** Ends the waiting for further attempts; resolves when none is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  async #write({ key, record, ttlMs }: SentBatch): Promise<void> {
    const value = encodeBatchRecord(record);
    for (const delayMs of [...RETRY_DELAYS_MS, undefined]) {
      try {
        const token = crypto.randomUUID();
        // What is there already is of the same batch.
        await this.#store.claim(key, { token, value, leaseMs: 0, ttlMs });
        return;
      } catch (error) {
        if (!(error instanceof StateError) || error.reason === "full") break;
      }
      if (delayMs === undefined || !await this.#waited(delayMs)) break;
    }
    this.lost++;
  }

  async #waited(delayMs: number): Promise<boolean> {
    try {
      await delay(delayMs, { signal: this.#closing.signal });
      return true;
    } catch {
      return false; // closed
    }
  }
}
