import type { Counters, Reservation, ReservationRequest, WindowCount } from "./counters.ts";
import {
  type Change,
  type Claim,
  type ClaimResult,
  StateError,
  type StateErrorReason,
  type StateStore,
  type StoredRecord,
} from "./store.ts";

/** One operation on a store, for metrics. */
export interface StoreOperation {
  readonly operation: "claim" | "read" | "update" | "release" | "reserve" | "give_back";
  readonly durationMs: number;
  /** `ok`, or why the operation failed. */
  readonly outcome: "ok" | StateErrorReason;
}

/** Callbacks of a store; they must not throw. */
export interface StoreObserver {
  /** Called after each operation, those that the store does by itself included. */
  onOperation?: ((operation: StoreOperation) => void) | undefined;
  /** Called when the store begins to answer, and when it stops to. */
  onReachable?: ((reachable: boolean) => void) | undefined;
}

/** Tells an observer about changes of state only. */
export class Reachability {
  #reachable: boolean | undefined;
  readonly #onChange: ((reachable: boolean) => void) | undefined;

  constructor({ onReachable }: StoreObserver) {
    this.#onChange = onReachable;
  }

  set(reachable: boolean): void {
    if (reachable === this.#reachable) return;
    this.#reachable = reachable;
    this.#onChange?.(reachable);
  }
}

/** The outcomes of a store that does not answer as it should. */
const UNREACHABLE: ReadonlySet<string> = new Set<StateErrorReason>([
  "timeout",
  "unreachable",
  "failed",
]);

/** Reports operations to an observer; shared by all that uses one connection or file. */
export class OperationReports {
  readonly #onOperation: StoreObserver["onOperation"];
  readonly #reachability: Reachability;
  /** When the store last answered, on the clock of `performance.now()`, in ms. */
  #answeredAt = -Infinity;

  /** @param reachability shared with an adapter that also learns of its connection otherwise */
  constructor(observer: StoreObserver, reachability: Reachability) {
    this.#onOperation = observer.onOperation;
    this.#reachability = reachability;
  }

  async observe<T>(operation: StoreOperation["operation"], run: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let outcome: StoreOperation["outcome"] = "ok";
    try {
      return await run();
    } catch (error) {
      outcome = error instanceof StateError ? error.reason : "failed";
      throw error;
    } finally {
      const end = performance.now();
      this.#report(outcome, { start, end });
      this.#onOperation?.({ operation, durationMs: end - start, outcome });
    }
  }

  /** A timeout among operations that succeed meanwhile is a slow store, not one that is down. */
  #report(
    outcome: StoreOperation["outcome"],
    { start, end }: { start: number; end: number },
  ): void {
    const answered = !UNREACHABLE.has(outcome);
    if (answered) this.#answeredAt = end;
    if (answered || this.#answeredAt < start) this.#reachability.set(answered);
  }
}

/** A store whose operations are reported to an observer. */
export class ObservedStore implements StateStore {
  readonly kind: StateStore["kind"];
  readonly #store: StateStore;
  readonly #reports: OperationReports;

  constructor(store: StateStore, reports: OperationReports) {
    this.kind = store.kind;
    this.#store = store;
    this.#reports = reports;
  }

  claim(key: string, claim: Claim): Promise<ClaimResult> {
    return this.#reports.observe("claim", () => this.#store.claim(key, claim));
  }

  read(key: string): Promise<StoredRecord | undefined> {
    return this.#reports.observe("read", () => this.#store.read(key));
  }

  update(key: string, change: Change): Promise<boolean> {
    return this.#reports.observe("update", () => this.#store.update(key, change));
  }

  release(key: string, token: string): Promise<boolean> {
    return this.#reports.observe("release", () => this.#store.release(key, token));
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Counters whose operations are reported to an observer. */
export class ObservedCounters implements Counters {
  readonly #counters: Counters;
  readonly #reports: OperationReports;

  constructor(counters: Counters, reports: OperationReports) {
    this.#counters = counters;
    this.#reports = reports;
  }

  reserve(key: string, request: ReservationRequest): Promise<Reservation> {
    return this.#reports.observe("reserve", () => this.#counters.reserve(key, request));
  }

  giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void> {
    return this.#reports.observe(
      "give_back",
      () => this.#counters.giveBack(key, amount, windows),
    );
  }
}
