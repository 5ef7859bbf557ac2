/** The limit is multiplied by this after a 429 of the upstream. */
const DECREASE_FACTOR = 0.5;

/**
 * Minimum of a limit. The API throttles by rate, so a few concurrent requests do no harm, while one
 * at a time would make a burst of requests very slow.
 */
const MIN_LIMIT = 5;

/** Time from the last 429 and its `Retry-After` until the limit is back at its maximum, in ms. */
const RECOVERY_MS = 60_000;

/** Maximum of a `Retry-After` that is respected, in ms. */
const MAX_PAUSE_MS = 300_000;

/** Times are on the clock of `performance.now()`, in ms. */
interface PlanState {
  /** The limit at the last increase or decrease; see `#limitAt` for the present one. */
  limit: number;
  outstanding: number;
  /** When the limit was last decreased; requests sent before do not decrease it again. */
  decreasedAt: number;
  /** When recovery by time begins. */
  recoversAt: number;
}

/** Outcome of a request that held a slot. */
export interface SlotOutcome {
  /** Whether the upstream answered 429. */
  throttled: boolean;
  /** `Retry-After` of the 429, in ms; default: 0. */
  retryAfterMs?: number | undefined;
}

/** A slot of an {@linkcode AdaptiveLimiter}. */
export interface AdaptiveSlot {
  /** Releases the slot; must be called once. */
  release(outcome: SlotOutcome): void;
}

/** Options of {@linkcode AdaptiveLimiter}. */
export interface AdaptiveLimiterOptions {
  /** Monotonic clock, in ms; default: `performance.now`. */
  now?: () => number;
}

/**
 * Limits concurrent requests per service plan to what the upstream accepts (additive increase,
 * multiplicative decrease). The limit is halved by a 429, grows by one per full window of other
 * responses, and is back at its maximum {@linkcode RECOVERY_MS} after the last 429 and its
 * `Retry-After`. Keys are never removed, so they must be from a fixed set.
 */
export class AdaptiveLimiter {
  readonly #plans = new Map<string, PlanState>();
  readonly #now: () => number;

  /** @param maxLimit the maximum and initial limit, in concurrent requests */
  constructor(readonly maxLimit: number, { now }: AdaptiveLimiterOptions = {}) {
    this.#now = now ?? (() => performance.now());
  }

  /** Acquires a slot; returns undefined if the limit is reached. */
  acquire(key: string): AdaptiveSlot | undefined {
    const plan = this.#plans.get(key) ?? this.#start(key);
    if (plan.outstanding >= Math.floor(this.#limitAt(plan, this.#now()))) return undefined;
    plan.outstanding++;
    const startedAt = this.#now();
    return { release: (outcome) => this.#release(plan, outcome, startedAt) };
  }

  /** The current limit of a service plan, in concurrent requests. */
  limitOf(key: string): number {
    const plan = this.#plans.get(key);
    return plan ? Math.floor(this.#limitAt(plan, this.#now())) : this.maxLimit;
  }

  #start(key: string): PlanState {
    const plan = {
      limit: this.maxLimit,
      outstanding: 0,
      decreasedAt: -Infinity,
      recoversAt: -Infinity,
    };
    this.#plans.set(key, plan);
    return plan;
  }

  /**
   * The limit at a time. Recovery is geometric: slow at first, when the upstream may still
   * throttle.
   */
  #limitAt({ limit, recoversAt }: PlanState, now: number): number {
    if (limit >= this.maxLimit || now <= recoversAt) return limit;
    const share = Math.min(1, (now - recoversAt) / RECOVERY_MS);
    return share === 1 ? this.maxLimit : limit * (this.maxLimit / limit) ** share;
  }

  #release(plan: PlanState, outcome: SlotOutcome, startedAt: number): void {
    if (outcome.throttled) this.#decrease(plan, outcome, startedAt);
    else if (plan.limit < this.maxLimit) {
      plan.limit = Math.min(this.maxLimit, plan.limit + 1 / plan.limit);
    }
    plan.outstanding--;
  }

  #decrease(plan: PlanState, { retryAfterMs = 0 }: SlotOutcome, startedAt: number): void {
    const now = this.#now();
    if (startedAt > plan.decreasedAt) {
      const limit = Math.min(this.#limitAt(plan, now), plan.outstanding) * DECREASE_FACTOR;
      plan.limit = Math.min(this.maxLimit, Math.max(MIN_LIMIT, limit));
      plan.decreasedAt = now;
    }
    plan.recoversAt = Math.max(plan.recoversAt, now + Math.min(retryAfterMs, MAX_PAUSE_MS));
  }
}
