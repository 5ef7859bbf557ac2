import type { Meter } from "@opentelemetry/api";
import { VERSION } from "../version.ts";

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
  breakerState(): keyof typeof BREAKER_STATES;
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

const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 } as const;

/** Registers the metrics whose values are read from `sources` at every collection. */
export function registerGauges(meter: Meter, sources: MetricSources): void {
  registerOutstanding(meter, sources);
  registerKeySetAge(meter, sources);
  registerTokenAge(meter, sources);
  registerBreakerState(meter, sources);
  registerStateReachable(meter, sources);
  registerPlanLimits(meter, sources);
  registerBudgets(meter, sources);
  registerSettingFiles(meter, sources);
  registerProcess(meter, sources);
  registerDropped(meter, sources);
  if (sources.batchesLost) registerBatchesLost(meter, sources.batchesLost);
  registerBuildInfo(meter);
}

function registerBuildInfo(meter: Meter): void {
  meter.createObservableGauge("sms_gateway.build_info", {
    description: "Always 1; the version is an attribute.",
  }).addCallback((result) => result.observe(1, { version: VERSION }));
}

function registerOutstanding(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.outstanding_requests", {
    description: "Outstanding requests, by route.",
  }).addCallback((result) => {
    for (const [route, count] of sources.outstanding()) {
      result.observe(count, { "http.route": route });
    }
  });
}

function registerKeySetAge(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.key_set.age", {
    description: "Time since an issuer's keys were fetched.",
    unit: "s",
  }).addCallback((result) => {
    for (const [issuer, age] of sources.keySetAgesS()) result.observe(age, { issuer });
  });
}

function registerTokenAge(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.upstream_token.age", {
    description: "Time since the oldest OAuth token of the SMS API in use was fetched.",
    unit: "s",
  }).addCallback((result) => {
    const { oldestTokenMs } = sources.tokens();
    if (oldestTokenMs !== undefined) result.observe(oldestTokenMs / 1_000);
  });
}

function registerBreakerState(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.breaker_state", {
    description: "0: closed, 1: half open, 2: open.",
  }).addCallback((result) => {
    result.observe(BREAKER_STATES[sources.breakerState()]);
  });
}

function registerStateReachable(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.state.reachable", {
    description: "1 if the state store answered last, else 0.",
  }).addCallback((result) => {
    const reachable = sources.stateReachable();
    if (reachable !== undefined) result.observe(Number(reachable));
  });
}

function registerPlanLimits(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.service_plan.limit", {
    description: "Limit of concurrent requests to the SMS API for a service plan.",
  }).addCallback((result) => {
    for (const [plan, limit] of sources.planLimits()) {
      result.observe(limit, { "sms_gateway.service_plan_id": plan });
    }
  });
  meter.createObservableGauge("sms_gateway.service_plan.limit_max", {
    description: "Limit of a service plan that the SMS API does not throttle.",
  }).addCallback((result) => result.observe(sources.planLimitMax));
}

function registerBudgets(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.budget.left", {
    description: "Message parts left of a budget, as far as this instance knows.",
  }).addCallback((result) => {
    for (const { policy, unit, limit, used } of sources.budgets()) {
      result.observe(Math.max(0, limit - used), { policy, window: unit });
    }
  });
  meter.createObservableGauge("sms_gateway.budget.limit", {
    description: "Message parts that a policy allows in a window.",
  }).addCallback((result) => {
    for (const { policy, unit, limit } of sources.budgets()) {
      result.observe(limit, { policy, window: unit });
    }
  });
}

function registerSettingFiles(meter: Meter, sources: MetricSources): void {
  meter.createObservableGauge("sms_gateway.setting_file.usable", {
    description: "1 if the file of a setting is in use as it is, 0 if the last good one is.",
  }).addCallback((result) => {
    const { names = [], refused = [] } = sources.settingFiles() ?? {};
    for (const name of names) result.observe(Number(!refused.includes(name)), { setting: name });
  });
}

/** By the names of Prometheus' own client libraries, which dashboards know. */
function registerProcess(meter: Meter, { process }: MetricSources): void {
  meter.createObservableCounter("process.cpu", {
    description: "CPU time of the process.",
    unit: "s",
  }).addCallback((result) => {
    const usage = process();
    if (usage) result.observe(usage.cpuS);
  });
  meter.createObservableGauge("process.resident_memory.bytes", {
    description: "Resident memory of the process.",
  }).addCallback((result) => {
    const usage = process();
    if (usage) result.observe(usage.residentBytes);
  });
  meter.createObservableGauge("process.start_time", {
    description: "When the process started, in seconds since the epoch.",
    unit: "s",
  }).addCallback((result) => {
    const usage = process();
    if (usage) result.observe(usage.startTimeS);
  });
}

function registerDropped(meter: Meter, sources: MetricSources): void {
  meter.createObservableCounter("sms_gateway.telemetry_dropped", {
    description: "Spans and log lines dropped.",
  }).addCallback((result) => {
    for (const [signal, count] of Object.entries(sources.dropped())) {
      result.observe(count, { signal });
    }
  });
}

function registerBatchesLost(meter: Meter, batchesLost: () => number): void {
  meter.createObservableCounter("sms_gateway.batches_lost", {
    description: "Batches that could not be remembered for their callbacks.",
  }).addCallback((result) => result.observe(batchesLost()));
}
