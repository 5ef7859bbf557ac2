import { delay } from "@std/async/delay";
import { OutstandingLimiter } from "./outstanding.ts";

/** Delay before each attempt to acquire a slot again, in ms. */
const WAIT_MS = 10;

/** Options of {@linkcode LookupSlots}. */
export interface LookupSlotsOptions {
  /** Slots of all callers together. */
  total: number;
  /** The most of them for one caller: it could take them all from the others. */
  perCaller: number;
}

/** Slots for lookups at the SMS API, which all callers share. */
export class LookupSlots {
  readonly #all: OutstandingLimiter;
  readonly #ofCaller: OutstandingLimiter;

  constructor({ total, perCaller }: LookupSlotsOptions) {
    this.#all = new OutstandingLimiter(total);
    this.#ofCaller = new OutstandingLimiter(perCaller);
  }

  /**
   * Acquires a slot, for which it waits `maxWaitMs` at most; returns its release, to be called once,
   * or undefined if there is none.
   */
  async acquire(caller: string, maxWaitMs: number): Promise<(() => void) | undefined> {
    const startedAt = performance.now();
    for (;;) {
      const release = this.#acquireNow(caller);
      if (release || performance.now() - startedAt >= maxWaitMs) return release;
      await delay(WAIT_MS);
    }
  }

  #acquireNow(caller: string): (() => void) | undefined {
    const releaseOwn = this.#ofCaller.acquire(caller);
    const release = releaseOwn && this.#all.acquire("all");
    if (!release) return void releaseOwn?.();
    return () => {
      release();
      releaseOwn();
    };
  }
}
