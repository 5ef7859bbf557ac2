import type { Counters, Reservation, ReservationRequest, WindowLimit } from "./counters.ts";
import { MemoryCounters } from "./memory_counters.ts";
import { StateError } from "./store.ts";

/** Where a reservation was made. */
export type CountedBy = "store" | "instance";

/** A reservation, and where it was made. */
export interface CountedReservation extends Reservation {
  readonly countedBy: CountedBy;
}

/** Options of {@linkcode FallbackCounters}. */
export interface FallbackCountersOptions {
  /** Called when counting moves to this instance, and when it moves back to the store. */
  onChange?: (countedBy: CountedBy) => void;
  /** Counts while the store does not answer; default: the store if it is in memory, or new ones. */
  local?: MemoryCounters;
}

/**
 * Counters that go on in this process while the store does not answer (contract.md §6). They go on
 * from what the store has said last, so that an instance allows the rest of a budget once more at
 * most. When the store answers again, its counts hold: what was counted here meanwhile is not added
 * to them.
 *
 * While the store fails, one reservation at a time asks it, so that the others do not wait. Only an
 * amount that it takes shows that it works again: a store that can be read but not written (out of
 * memory, a replica) still says what is used and refuses, and would reset what was counted here.
 */
export class FallbackCounters {
  readonly #store: Counters;
  readonly #local: MemoryCounters;
  readonly #onChange: (countedBy: CountedBy) => void;
  #countedBy: CountedBy = "store";
  #isAsking = false;

  constructor(store: Counters, options: FallbackCountersOptions = {}) {
    const { onChange = () => {} } = options;
    const { local = store instanceof MemoryCounters ? store : new MemoryCounters() } = options;
    this.#store = store;
    this.#local = local;
    this.#onChange = onChange;
  }

  /** Takes an amount as {@linkcode Counters} does, and never rejects for the state of the store. */
  async reserve(key: string, request: ReservationRequest): Promise<CountedReservation> {
    const isAsking = this.#countedBy === "instance";
    if (isAsking) {
      if (this.#isAsking || request.amount === 0) return this.#reserveHere(key, request);
      this.#isAsking = true;
    }
    try {
      const reservation = await this.#store.reserve(key, request);
      if (this.#countedBy === "store" || reservation.reserved) {
        if (this.#store !== this.#local) this.#local.set(key, reservation.windows);
        this.#setCountedBy("store");
      }
      return { ...reservation, countedBy: "store" };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      this.#setCountedBy("instance");
      return this.#reserveHere(key, request);
    } finally {
      if (isAsking) this.#isAsking = false;
    }
  }

  /** Gives back where it was taken. What a store that fails does not take back stays used. */
  async giveBack(key: string, amount: number, reservation: CountedReservation): Promise<void> {
    await this.#local.giveBack(key, amount, reservation.windows);
    if (reservation.countedBy === "instance" || this.#store === this.#local) return;
    try {
      await this.#store.giveBack(key, amount, reservation.windows);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }

  /** What this process knows to be used of the current windows, without asking the store. */
  known(key: string, limits: readonly WindowLimit[]): Reservation["windows"] {
    return this.#local.reserveNow(key, { amount: 0, limits }).windows;
  }

  #reserveHere(key: string, request: ReservationRequest): CountedReservation {
    return { ...this.#local.reserveNow(key, request), countedBy: "instance" };
  }

  #setCountedBy(countedBy: CountedBy): void {
    if (countedBy === this.#countedBy) return;
    this.#countedBy = countedBy;
    this.#onChange(countedBy);
  }
}
