import { getLogger } from "@logtape/logtape";
import type { StoreObserver, StoreOperation } from "./observed.ts";
import type { Counters } from "./counters.ts";
import type { StateStore } from "./store.ts";

/** Follows whether a store answers; logs when that changes. */
export class StoreHealth implements StoreObserver {
  #reachable: boolean | undefined;
  #listener: ((operation: StoreOperation) => void) | undefined;

  /** Whether the store answered last; true until it is known. */
  get isReachable(): boolean {
    return this.#reachable ?? true;
  }

  /** Calls a listener after each operation; there is one listener. */
  listen(listener: (operation: StoreOperation) => void): void {
    this.#listener = listener;
  }

  readonly onOperation = (operation: StoreOperation): void => this.#listener?.(operation);

  readonly onReachable = (reachable: boolean): void => {
    const logger = getLogger("sms-gateway");
    if (!reachable) {
      logger.error("the state store does not answer: requests with a key get 503");
    } else if (this.#reachable === false) logger.info("the state store answers again");
    this.#reachable = reachable;
  };
}

/** A store with its counters, and whether it answers. */
export interface State {
  readonly store: StateStore;
  readonly counters: Counters;
  readonly health: StoreHealth;
}
