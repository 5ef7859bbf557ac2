import { delay } from "@std/async/delay";
import { type Change, StateError, type StateStore } from "../state/store.ts";

/** Delays before an update that failed is tried again, in ms. */
const RETRY_DELAYS_MS = [250, 1_000, 4_000, 16_000];

/** Records that wait for another attempt, in bytes; further ones are given up at once. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024;

/**
 * Writes outcomes to the store, and again if it does not answer. An outcome that cannot be written
 * is lost: repeats then get `unknown`, which sends nothing.
 */
export class Settlements {
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #waitingBytes = 0;

  /** @param store where the outcomes are written */
  constructor(readonly store: StateStore) {}

  /** Settles after the first attempt, whether it succeeded or not; never rejects. */
  async write(recordKey: string, change: Change): Promise<void> {
    if (await this.#attempt(recordKey, change)) return;
    const retries = this.#retry(recordKey, change);
    this.#underWay.add(retries);
    void retries.finally(() => this.#underWay.delete(retries));
  }

  /** Ends the waiting for further attempts; resolves when none is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay);
  }

  async #retry(recordKey: string, change: Change): Promise<void> {
    const bytes = change.value.byteLength;
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) return;
    this.#waitingBytes += bytes;
    try {
      for (const delayMs of RETRY_DELAYS_MS) {
        await delay(delayMs, { signal: this.#closing.signal });
        if (await this.#attempt(recordKey, change)) return;
      }
    } catch {
      // Closed while it waited.
    } finally {
      this.#waitingBytes -= bytes;
    }
  }

  /** Whether the store has answered; a failure is reported by the store itself. */
  async #attempt(recordKey: string, change: Change): Promise<boolean> {
    try {
      await this.store.update(recordKey, change);
      return true;
    } catch (error) {
      if (error instanceof StateError) return false;
      throw error;
    }
  }
}
