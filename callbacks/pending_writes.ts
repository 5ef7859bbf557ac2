import { delay } from "@std/async/delay";
import { StateError } from "../state/store.ts";

/** Options of {@linkcode PendingWrites}. */
export interface PendingWritesOptions<Item> {
  /** Writes an item; called again if it rejected with a `StateError`, but for `full`. */
  write: (key: string, item: Item) => Promise<unknown>;
  /** Items that may wait at once; further ones are lost. */
  maxItems: number;
  /**
   * Delays before items that could not be written are tried again, in ms; the last one repeats.
   * Default: 250, 1,000 and 4,000.
   */
  retryDelaysMs?: readonly number[];
}

const RETRY_DELAYS_MS = [250, 1_000, 4_000];

/** Items that are tried at once, when the store may answer again. */
const WRITES_AT_ONCE = 16;

/** Items that are written to the store in the background, however long it does not answer. */
export class PendingWrites<Item> {
  /** Items that were not written. */
  lost = 0;
  readonly #options: PendingWritesOptions<Item>;
  readonly #items = new Map<string, Item>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #retrying: Promise<void> | undefined;

  constructor(options: PendingWritesOptions<Item>) {
    this.#options = options;
  }

  /** An item that is not written yet. */
  get(key: string): Item | undefined {
    return this.#items.get(key);
  }

  /** Begins to write an item, in place of one that waits; settles after the first attempt. */
  async write(key: string, item: Item): Promise<void> {
    if (this.#items.size >= this.#options.maxItems && !this.#items.has(key)) {
      return void this.lost++;
    }
    this.#items.set(key, item);
    const first = this.#attempt(key, item).then((isDone) => {
      if (!isDone) this.#retrying ??= this.#retry().finally(() => this.#retrying = undefined);
    });
    this.#underWay.add(first);
    await first;
    this.#underWay.delete(first);
  }

  /** Tries once more what waits, and gives the rest up; resolves when no attempt is under way. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#underWay, this.#retrying]);
    await this.#attemptAll();
    this.lost += this.#items.size;
    this.#items.clear();
  }

  async #retry(): Promise<void> {
    const { retryDelaysMs = RETRY_DELAYS_MS } = this.#options;
    for (let retries = 0; this.#items.size > 0; retries++) {
      const delayMs = retryDelaysMs[Math.min(retries, retryDelaysMs.length - 1)];
      try {
        await delay(delayMs ?? 0, { signal: this.#closing.signal });
      } catch {
        return; // closed
      }
      await this.#attemptAll();
    }
  }

  /** Tries all items, until the store takes none of those tried together. */
  async #attemptAll(): Promise<void> {
    const items = [...this.#items];
    for (let index = 0; index < items.length; index += WRITES_AT_ONCE) {
      const some = items.slice(index, index + WRITES_AT_ONCE);
      const done = await Promise.all(some.map(([key, item]) => this.#attempt(key, item)));
      if (!done.includes(true)) return;
    }
  }

  /** Whether there is nothing more to do: it is written, or cannot be. */
  async #attempt(key: string, item: Item): Promise<boolean> {
    try {
      await this.#options.write(key, item);
    } catch (error) {
      if (error instanceof StateError && error.reason !== "full") {
        this.#moveToEnd(key, item);
        return false;
      }
      this.lost++;
    }
    if (this.#items.get(key) === item) this.#items.delete(key);
    return true;
  }

  /** Else items that are never taken would hold up those behind them. */
  #moveToEnd(key: string, item: Item): void {
    if (this.#items.get(key) !== item) return;
    this.#items.delete(key);
    this.#items.set(key, item);
  }
}
