import { LRUCache } from "lru-cache";

const MINUTE_MS = 60_000;

/** Maximum number of keys remembered; of more, those that were not seen for longest are forgotten. */
export const MAX_RATE_KEYS = 1_000;

/** Longest key, in characters; of longer ones only the beginning counts. */
export const MAX_RATE_KEY_LENGTH = 256;

/**
 * Limits the number of requests per key and minute (generic cell rate algorithm): as many may come
 * at once, and further ones as time passes.
 */
export class RateLimiter {
  /** Key → when it has used up nothing again, on the clock of `now`, in ms. */
  readonly #emptyAt = new LRUCache<string, number>({ max: MAX_RATE_KEYS });

  /**
   * @param perMinute requests of a key
   * @param now monotonic clock, in ms
   */
  constructor(readonly perMinute: number, readonly now: () => number = () => performance.now()) {}

  /** Counts a request. Returns 0, or if it is one too many, in how many ms the next may come. */
  take(key: string): number {
    const bounded = key.slice(0, MAX_RATE_KEY_LENGTH);
    const now = this.now();
    const emptyAt = Math.max(now, this.#emptyAt.get(bounded) ?? now) + MINUTE_MS / this.perMinute;
    const excessMs = emptyAt - now - MINUTE_MS;
    if (excessMs > 0.001) return excessMs; // not 0: the sum of fractions is not exact
    this.#emptyAt.set(bounded, emptyAt);
    return 0;
  }
}
