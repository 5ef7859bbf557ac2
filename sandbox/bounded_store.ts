/** What a {@link BoundedStore} may hold before it drops its oldest entries. */
export interface StoreLimits<V> {
  /** Entries at most. */
  maxEntries: number;
  /** Sum of the entries' weights at most; the newest entry stays even if it alone is over. */
  maxWeight: number;
  /** Told of each entry that was dropped for want of room. Default: nobody. */
  onDrop?: (value: V) => void;
}

/** Values by identifier in order of arrival; the oldest make room for new ones, each in O(1). */
export class BoundedStore<V> {
  readonly #entries = new Map<string, { value: V; weight: number }>();
  readonly #limits: StoreLimits<V>;
  // Kept between drops: a fresh iterator would step over the holes of all earlier ones.
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
   * Adds `value`, or replaces the one of that identifier, which keeps its age: if it is the
   * oldest and has grown too heavy, it is the one to go.
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

  /** All values, first in first. */
  oldestFirst(): V[] {
    return Array.from(this.#entries.values(), (entry) => entry.value);
  }

  /** All values, last in first. */
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
