import {
  type Counters,
  decideReservation,
  type Reservation,
  type ReservationRequest,
  type WindowCount,
  WINDOWS_KEPT,
  windowsAt,
  type WindowUnit,
} from "./counters.ts";

/** Options of {@linkcode MemoryCounters}. */
export interface MemoryCountersOptions {
  /** Wall clock, epoch ms; default: `Date.now()`. */
  now?: () => number;
}

interface Slot {
  index: number;
  used: number;
}

/** Counters of this process; they are gone when it ends. A key takes about 500 bytes. */
export class MemoryCounters implements Counters {
  readonly #slots = new Map<string, Map<string, Slot>>();
  readonly #now: () => number;

  constructor({ now = Date.now }: MemoryCountersOptions = {}) {
    this.#now = now;
  }

  reserve(key: string, request: ReservationRequest): Promise<Reservation> {
    return Promise.resolve(this.reserveNow(key, request));
  }

  /** The same as {@linkcode reserve}, without a promise. */
  reserveNow(key: string, request: ReservationRequest): Reservation {
    const windows = windowsAt(this.#now(), request.limits, (unit, index) => {
      const slot = this.#slots.get(key)?.get(slotName(unit, index));
      return slot?.index === index ? slot.used : 0;
    });
    const reservation = decideReservation(request, windows);
    if (reservation.reserved && request.amount > 0) this.set(key, reservation.windows);
    return reservation;
  }

  giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void> {
    for (const { unit, index } of windows) {
      const slot = this.#slots.get(key)?.get(slotName(unit, index));
      if (slot?.index === index) slot.used = Math.max(0, slot.used - amount);
    }
    return Promise.resolve();
  }

  /** Takes over what is used of windows, from wherever it is known. */
  set(key: string, windows: readonly WindowCount[]): void {
    const slots = this.#slots.get(key) ?? new Map<string, Slot>();
    this.#slots.set(key, slots);
    for (const { unit, index, used } of windows) slots.set(slotName(unit, index), { index, used });
  }
}

/** A window has the slot of the one before the last. */
function slotName(unit: WindowUnit, index: number): string {
  return `${unit}${index % WINDOWS_KEPT}`;
}
