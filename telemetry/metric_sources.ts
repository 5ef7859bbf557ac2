/** The state of a circuit breaker. */
export type BreakerState = "closed" | "half_open" | "open";

/** The current values of the gauges, read at every collection. */
export interface MetricSources {
  /** Route template → requests outstanding. */
  outstanding(): ReadonlyMap<string, number>;
  /**
   * Issuer → age of its fetched key set, in seconds; without those that were not fetched, or are
   * static.
   */
  keySetAgesS(): ReadonlyMap<string, number>;
  /** The OAuth tokens of the SMS API. */
  tokens(): { readonly oldestTokenMs: number | undefined };
  breakerState(): BreakerState;
  /** Whether the state store answered last; undefined without a store. */
  stateReachable(): boolean | undefined;
  /** The settings that come from files; undefined where none can. */
  settingFiles():
    | { readonly names: readonly string[]; readonly refused: readonly string[] }
    | undefined;
  /** Service plan → its limit of concurrent requests. Only configured plans occur. */
  planLimits(): ReadonlyMap<string, number>;
  /** The limit of a plan that is not throttled. */
  readonly planLimitMax: number;
  /** Budgets of policies, as far as this instance knows. */
  budgets(): readonly BudgetSource[];
  /** The process; undefined where the runtime does not tell. */
  process(): ProcessUsage | undefined;
  /** Signal → spans or log lines dropped so far. */
  dropped(): Readonly<Record<string, number>>;
  /** Batches that could not be remembered for their callbacks. Absent without callbacks. */
  batchesLost?(): number;
}

/** What is used of a budget of a policy in its current window, in message parts. */
export interface BudgetSource {
  readonly policy: string;
  readonly unit: string;
  readonly limit: number;
  readonly used: number;
}

/** What a process has used. */
export interface ProcessUsage {
  /** Seconds of CPU time since its start. */
  readonly cpuS: number;
  readonly residentBytes: number;
  /** Seconds since the epoch. */
  readonly startTimeS: number;
}
