/** Share of the limit that is left after the upstream said 429. */
const DECREASE_FACTOR = 0.5;

/** A limit never shrinks below this: a request at a time finds out when it is over. */
const MIN_LIMIT = 1;

interface Adaptive {
  limit: number;
  underWay: number;
  /** When it last shrank, on the clock of `performance.now()`; one burst shrinks it once. */
  shrunkAt: number;
}

/** A slot of an {@linkcode AdaptiveLimiter}. */
export interface AdaptiveSlot {
  /** Gives the slot back; `refused`: the upstream answered 429. */
  release(refused: boolean): void;
}

/**
 * Finds out per service plan how many requests at once the upstream takes: halved when it
 * answers 429, and one more for every full window of others (additive increase,
 * multiplicative decrease), until the ceiling is reached again. Keys are kept for good: they are
 * to be of a fixed set.
 */
export class AdaptiveLimiter {
  readonly #plans = new Map<string, Adaptive>();

  /** @param ceiling where the limit starts and ends, in requests at once */
  constructor(readonly ceiling: number) {}

  /** A slot, or undefined where the upstream would refuse. */
  acquire(key: string): AdaptiveSlot | undefined {
    const plan = this.#plans.get(key) ?? this.#start(key);
    if (plan.underWay >= Math.floor(plan.limit)) return undefined;
    plan.underWay++;
    const startedAt = performance.now();
    return { release: (refused) => this.#release(plan, { refused, startedAt }) };
  }

  /** The present limit of a service plan. */
  limitOf(key: string): number {
    return Math.floor(this.#plans.get(key)?.limit ?? this.ceiling);
  }

  #start(key: string): Adaptive {
    const plan = { limit: this.ceiling, underWay: 0, shrunkAt: -Infinity };
    this.#plans.set(key, plan);
    return plan;
  }

  #release(
    plan: Adaptive,
    { refused, startedAt }: { refused: boolean; startedAt: number },
  ): void {
    if (!refused) plan.limit = Math.min(this.ceiling, plan.limit + 1 / plan.limit);
    else if (startedAt > plan.shrunkAt) {
      plan.limit = Math.max(MIN_LIMIT, Math.min(plan.limit, plan.underWay) * DECREASE_FACTOR);
      plan.shrunkAt = performance.now();
    }
    plan.underWay--;
  }
}
