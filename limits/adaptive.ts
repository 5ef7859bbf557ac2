/** Share of the limit that is left after the upstream said 429. */
const DECREASE_FACTOR = 0.5;

/**
 * A limit never shrinks below this. One request at a time would make a burst wait for its whole
 * length; the API throttles by rate, so a few at once do not make it worse.
 */
const MIN_LIMIT = 5;

/** The limit is back at its ceiling this long after the last 429 and its `Retry-After`, in ms. */
const RECOVERY_MS = 60_000;

/** A longer `Retry-After` of the upstream is not taken at its word, in ms. */
const MAX_PAUSE_MS = 300_000;

interface Adaptive {
  /** What increase and decrease have made of the limit; time may have raised it since. */
  limit: number;
  underWay: number;
  /** When it last shrank; one burst shrinks it once. Both on the clock of `performance.now()`. */
  shrunkAt: number;
  /** From when on it recovers by time. */
  recoversFrom: number;
}

/** How a request ended, as far as a limit is concerned. */
export interface SlotOutcome {
  /** Whether the upstream answered 429. */
  throttled: boolean;
  /** What its `Retry-After` asked for, in ms; default: nothing. */
  retryAfterMs?: number | undefined;
}

/** A slot of an {@linkcode AdaptiveLimiter}. */
export interface AdaptiveSlot {
  /** Gives the slot back; to be called once. */
  release(outcome: SlotOutcome): void;
}

/** Options of {@linkcode AdaptiveLimiter}. */
export interface AdaptiveLimiterOptions {
  /** Monotonic clock, in ms; default: `performance.now`. */
  now?: () => number;
}

/**
 * Finds out per service plan how many requests at once the upstream takes (additive increase,
 * multiplicative decrease): halved when it answers 429, one more for every full window of other
 * answers, and in any case back at the ceiling {@linkcode RECOVERY_MS} after the last 429 and its
 * `Retry-After`. Keys are never removed: they must be of a fixed set.
 */
export class AdaptiveLimiter {
  readonly #plans = new Map<string, Adaptive>();
  readonly #now: () => number;

  /** @param ceiling the highest limit and the one at the start, in requests at once */
  constructor(readonly ceiling: number, { now }: AdaptiveLimiterOptions = {}) {
    this.#now = now ?? (() => performance.now());
  }

  /** A slot, or undefined where the upstream would refuse. */
  acquire(key: string): AdaptiveSlot | undefined {
    const plan = this.#plans.get(key) ?? this.#start(key);
    if (plan.underWay >= Math.floor(this.#limitAt(plan, this.#now()))) return undefined;
    plan.underWay++;
    const startedAt = this.#now();
    return { release: (outcome) => this.#release(plan, outcome, startedAt) };
  }

  /** The present limit of a service plan, in requests at once. */
  limitOf(key: string): number {
    const plan = this.#plans.get(key);
    return plan ? Math.floor(this.#limitAt(plan, this.#now())) : this.ceiling;
  }

  #start(key: string): Adaptive {
    const plan = {
      limit: this.ceiling,
      underWay: 0,
      shrunkAt: -Infinity,
      recoversFrom: -Infinity,
    };
    this.#plans.set(key, plan);
    return plan;
  }

  /** Recovery by time is geometric: slow at first, where the upstream may still throttle. */
  #limitAt({ limit, recoversFrom }: Adaptive, now: number): number {
    if (limit >= this.ceiling || now <= recoversFrom) return limit;
    const share = Math.min(1, (now - recoversFrom) / RECOVERY_MS);
    return share === 1 ? this.ceiling : limit * (this.ceiling / limit) ** share;
  }

  #release(plan: Adaptive, outcome: SlotOutcome, startedAt: number): void {
    if (outcome.throttled) this.#decrease(plan, outcome, startedAt);
    else if (plan.limit < this.ceiling) {
      plan.limit = Math.min(this.ceiling, plan.limit + 1 / plan.limit);
    }
    plan.underWay--;
  }

  #decrease(plan: Adaptive, { retryAfterMs = 0 }: SlotOutcome, startedAt: number): void {
    const now = this.#now();
    if (startedAt > plan.shrunkAt) {
      const limit = Math.min(this.#limitAt(plan, now), plan.underWay) * DECREASE_FACTOR;
      plan.limit = Math.min(this.ceiling, Math.max(MIN_LIMIT, limit));
      plan.shrunkAt = now;
    }
    plan.recoversFrom = Math.max(plan.recoversFrom, now + Math.min(retryAfterMs, MAX_PAUSE_MS));
  }
}
