/** Keys that are kept though nothing of theirs is under way; then they are forgotten all at once. */
const MAX_IDLE = 1_000;

/** Counts what is under way per key, and refuses what would be too much. */
export class OutstandingLimiter {
  // Keys stay for a while: a map that they come to and go from with every request is copied every
  // few requests, and the garbage collector keeps the copies for long.
  readonly #keys = new Map<string, { underWay: number }>();
  #forgetAt = MAX_IDLE;

  /** @param limit requests under way at once, per key */
  constructor(readonly limit: number) {}

  /** A slot to be given back once, or undefined where none is left. */
  acquire(key: string): (() => void) | undefined {
    const counted = this.#keys.get(key) ?? this.#start(key);
    if (counted.underWay >= this.limit) return undefined;
    counted.underWay++;
    return () => void counted.underWay--;
  }

  /** How much of a key is under way. */
  underWay(key: string): number {
    return this.#keys.get(key)?.underWay ?? 0;
  }

  #start(key: string): { underWay: number } {
    if (this.#keys.size >= this.#forgetAt) this.#forgetIdle();
    const counted = { underWay: 0 };
    this.#keys.set(key, counted);
    return counted;
  }

  #forgetIdle(): void {
    for (const [key, { underWay }] of this.#keys) if (underWay === 0) this.#keys.delete(key);
    this.#forgetAt = this.#keys.size + MAX_IDLE;
  }
}
