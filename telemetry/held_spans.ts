import type { ByteBudget } from "../limits/byte_budget.ts";

/** The encoded CLIENT spans of one request. */
interface Held {
  readonly spans: string[];
  /** Number of further spans that exceeded the budget. */
  dropped: number;
}

/** Maximum number of requests with held spans: ten times the default of MAX_IN_FLIGHT. */
const MAX_REQUESTS = 10_000;

/** Holds the CLIENT spans of traces that are not sampled until the request has ended. */
export class HeldSpans {
  readonly #budget: ByteBudget;
  /** Id of an unfinished SERVER span → its CLIENT spans. */
  readonly #held = new Map<string, Held>();

  /** @param budget counts the bytes of the held spans */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Holds a span, or counts it as dropped; false if too many requests have held spans. */
  hold(serverSpanId: string, encoded: string): boolean {
    const held = this.#held.get(serverSpanId) ?? { spans: [], dropped: 0 };
    if (this.#held.size >= MAX_REQUESTS && !this.#held.has(serverSpanId)) return false;
    this.#held.set(serverSpanId, held);
    if (this.#budget.allows(encoded.length)) {
      held.spans.push(encoded);
      this.#budget.used += encoded.length;
    } else held.dropped++;
    return true;
  }

  /** Removes and returns the spans of a request. */
  release(serverSpanId: string): Readonly<Held> {
    const held = this.#held.get(serverSpanId) ?? { spans: [], dropped: 0 };
    this.#held.delete(serverSpanId);
    for (const { length } of held.spans) this.#budget.used -= length;
    return held;
  }

  /** Removes all spans. */
  clear(): void {
    for (const id of this.#held.keys()) this.release(id);
  }
}
