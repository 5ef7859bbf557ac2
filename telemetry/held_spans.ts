import type { ByteBudget } from "../limits/byte_budget.ts";

/** Encoded CLIENT spans of one request. */
interface Held {
  readonly spans: string[];
  /** How many more there were while the budget was used up. */
  lost: number;
}

/** Requests at once of which CLIENT spans are held: as many as can be in flight by default, × 10. */
const MAX_REQUESTS = 10_000;

/** CLIENT spans of traces that are not sampled, until it is known whether the request failed. */
export class HeldSpans {
  readonly #budget: ByteBudget;
  /** Id of a SERVER span that has not ended → its CLIENT spans. */
  readonly #held = new Map<string, Held>();

  /** @param budget where the bytes of what is held are counted */
  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

  /** Holds a span, or notes that it is lost; false where not even that is possible. */
  hold(serverSpanId: string, encoded: string): boolean {
    const held = this.#held.get(serverSpanId) ?? { spans: [], lost: 0 };
    if (this.#held.size >= MAX_REQUESTS && !this.#held.has(serverSpanId)) return false;
    this.#held.set(serverSpanId, held);
    if (this.#budget.hasRoomFor(encoded.length)) {
      held.spans.push(encoded);
      this.#budget.used += encoded.length;
    } else held.lost++;
    return true;
  }

  /** The spans of a request; they are held no longer. */
  release(serverSpanId: string): Readonly<Held> {
    const held = this.#held.get(serverSpanId) ?? { spans: [], lost: 0 };
    this.#held.delete(serverSpanId);
    for (const { length } of held.spans) this.#budget.used -= length;
    return held;
  }

  /** Forgets everything. */
  clear(): void {
    for (const id of this.#held.keys()) this.release(id);
  }
}
