import type { Counters, Reservation, ReservationRequest, WindowCount } from "./counters.ts";
import type { Change, Claim, ClaimResult, StateStore, StoredRecord } from "./store.ts";

/**
 * A store that can be replaced while the gateway runs, such as by the same Redis with another
 * password. Operations under way end at the store where they began.
 */
export class ReplaceableStore implements StateStore {
  #store: StateStore;
  readonly #closeDelayMs: number;
  readonly #closing = new Set<Promise<void>>();

  /** @param closeDelayMs longest time of an operation; a store that was replaced is closed then */
  constructor(store: StateStore, { closeDelayMs }: { closeDelayMs: number }) {
    this.#store = store;
    this.#closeDelayMs = closeDelayMs;
  }

  get kind(): StateStore["kind"] {
    return this.#store.kind;
  }

  /** Uses another store from now on, and closes the one before. */
  replace(store: StateStore): void {
    const before = this.#store;
    this.#store = store;
    const closed = new Promise((resolve) => setTimeout(resolve, this.#closeDelayMs))
      .then(() => before.close()).catch(() => {});
    this.#closing.add(closed);
    void closed.then(() => this.#closing.delete(closed));
  }

  claim(key: string, claim: Claim): Promise<ClaimResult> {
    return this.#store.claim(key, claim);
  }

  read(key: string): Promise<StoredRecord | undefined> {
    return this.#store.read(key);
  }

  update(key: string, change: Change): Promise<boolean> {
    return this.#store.update(key, change);
  }

  release(key: string, token: string): Promise<boolean> {
    return this.#store.release(key, token);
  }

  async close(): Promise<void> {
    await Promise.all([this.#store.close(), ...this.#closing]);
  }
}

/** Counters that can be replaced; those before are closed with the store that they belong to. */
export class ReplaceableCounters implements Counters {
  #counters: Counters;

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** Uses other counters from now on. */
  replace(counters: Counters): void {
    this.#counters = counters;
  }

  reserve(key: string, request: ReservationRequest): Promise<Reservation> {
    return this.#counters.reserve(key, request);
  }

  giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void> {
    return this.#counters.giveBack(key, amount, windows);
  }
}
