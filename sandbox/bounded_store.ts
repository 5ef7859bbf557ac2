/** Limits of a {@link BoundedStore}; beyond them it drops its oldest entries. */
export interface StoreLimits<V> {
  /** Largest number of entries. */
  maxEntries: number;
  /** Largest sum of the weights; the newest entry is kept even if it alone is over. */
  maxWeight: number;
  /** Called with each entry that is dropped. Default: no call. */
  onDrop?: (value: V) => void;
}

/** A map in order of insertion that drops its oldest entries when it is full, each in O(1). */
export class BoundedStore<V> {
  readonly #entries = new Map<string, { value: V; weight: number }>();
  readonly #limits: StoreLimits<V>;
  // Kept between drops: a new iterator would pass all slots of deleted entries again.
  #oldest: Iterator<string>;
  #weight = 0;

  constructor(limits: StoreLimits<V>) {
    this.#limits = limits;
    this.#oldest = this.#entries.keys();
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): V | undefined {
    return this.#entries.get(id)?.value;
  }

  /**
   * Adds `value`, or replaces the value of `id`, which keeps its place in the order: a replaced
   * value that is the oldest one is the first to be dropped.
   */
  set(id: string, value: V, weight: number): void {
    this.#weight += weight - (this.#entries.get(id)?.weight ?? 0);
    this.#entries.set(id, { value, weight });
    while (this.#isOver() && this.#entries.size > 1) this.#dropOldest();
  }

  delete(id: string): void {
    this.#weight -= this.#entries.get(id)?.weight ?? 0;
    this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = this.#entries.keys();
    this.#weight = 0;
  }

  /** All values in order of insertion. */
  oldestFirst(): V[] {
    return Array.from(this.#entries.values(), (entry) => entry.value);
  }

  /** All values, the latest first. */
  newestFirst(): V[] {
    return this.oldestFirst().reverse();
  }

  #isOver(): boolean {
    return this.#entries.size > this.#limits.maxEntries || this.#weight > this.#limits.maxWeight;
  }

  #dropOldest(): void {
    let next = this.#oldest.next();
    if (next.done) {
      this.#oldest = this.#entries.keys();
      next = this.#oldest.next();
    }
    if (next.done) return;
    const entry = this.#entries.get(next.value);
    this.delete(next.value);
    if (entry) this.#limits.onDrop?.(entry.value);
  }
}
