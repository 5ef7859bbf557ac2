/** Counts what is under way per key, and refuses what would be too much. */
export class OutstandingLimiter {
  readonly #counts = new Map<string, number>();

  /** @param limit requests under way at once, per key */
  constructor(readonly limit: number) {}

  /** A slot to be given back once, or undefined where none is left. */
  acquire(key: string): (() => void) | undefined {
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.limit) return undefined;
    this.#counts.set(key, count + 1);
    return () => this.#release(key);
  }

  /** Keys with something under way, and how much. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  #release(key: string): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key); // nothing is kept of callers that are gone
  }
}
