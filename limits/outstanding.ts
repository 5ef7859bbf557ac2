/** Maximum number of keys without outstanding requests; beyond it, all of them are removed. */
const MAX_IDLE_KEYS = 1_000;

interface Count {
  outstanding: number;
}

/** Limits the number of outstanding requests per key. */
export class OutstandingLimiter {
  // Idle keys are kept for a while: if every request added and removed its key, V8 would copy the
  // map every few requests, and the copies would live until a full garbage collection.
  readonly #keys = new Map<string, Count>();
  #removeIdleAt = MAX_IDLE_KEYS;

  /** @param limit outstanding requests per key */
  constructor(readonly limit: number) {}

  /**
   * Acquires a slot; returns its release, to be called once, or undefined if the limit is reached.
   */
  acquire(key: string): (() => void) | undefined {
    const counted = this.#keys.get(key) ?? this.#start(key);
    if (counted.outstanding >= this.limit) return undefined;
    counted.outstanding++;
    return () => void counted.outstanding--;
  }

  /** Number of outstanding requests of a key. */
  outstanding(key: string): number {
    return this.#keys.get(key)?.outstanding ?? 0;
  }

  #start(key: string): Count {
    if (this.#keys.size >= this.#removeIdleAt) this.#removeIdle();
    const counted = { outstanding: 0 };
    this.#keys.set(key, counted);
    return counted;
  }

  #removeIdle(): void {
    for (const [key, { outstanding }] of this.#keys) if (outstanding === 0) this.#keys.delete(key);
    this.#removeIdleAt = this.#keys.size + MAX_IDLE_KEYS;
  }
}
