import type { Attributes, HrTime } from "@opentelemetry/api";
import { hrTime } from "@opentelemetry/core";
import { DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import { VERSION } from "../version.ts";
import { type CollectMetrics, cumulative, type MetricName } from "./metric_producer.ts";
import type { BreakerState, BudgetSource, MetricSources } from "./metric_sources.ts";

/** What the gauges need beside {@linkcode MetricSources}. */
interface AllSources extends MetricSources {
  /** HTTP method → requests in progress. */
  readonly activeRequests: ReadonlyMap<string, number>;
}

/** Values with their attributes. */
type Values = readonly (readonly [value: number, attributes?: Attributes])[];

/** A metric that is read from its source at every collection. */
interface Gauge extends MetricName {
  /** Default: a gauge. */
  readonly kind?: "counter" | "up_down_counter";
  readonly values: (sources: AllSources) => Values;
}

const BREAKER_STATES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

/**
 * Maximum number of budgets, and of service plans, that an instance shows: those that are used most,
 * and those that are throttled most. All are shown up to that number.
 */
export const MAX_SHOWN = 3_000;

const GAUGES: readonly Gauge[] = [
  {
    name: "http.server.active_requests",
    description: "Requests in progress.",
    unit: "{request}",
    kind: "up_down_counter",
    values: ({ activeRequests }) =>
      labelled(
        activeRequests,
        (method) => ({ "http.request.method": method, "url.scheme": "http" }),
      ),
  },
  {
    name: "sms_gateway.outstanding_requests",
    description: "Outstanding requests, by route.",
    values: ({ outstanding }) => labelled(outstanding(), (route) => ({ "http.route": route })),
  },
  {
    name: "sms_gateway.key_set.age",
    description: "Time since an issuer's keys were fetched.",
    unit: "s",
    values: ({ keySetAgesS }) => labelled(keySetAgesS(), (issuer) => ({ issuer })),
  },
  {
    name: "sms_gateway.upstream_token.age",
    description: "Time since the oldest OAuth token of the SMS API in use was fetched.",
    unit: "s",
    values: ({ tokens }) => {
      const { oldestTokenMs } = tokens();
      return single(oldestTokenMs === undefined ? undefined : oldestTokenMs / 1_000);
    },
  },
  {
    name: "sms_gateway.breaker_state",
    description: "0: closed, 1: half open, 2: open.",
    values: ({ breakerState }) => single(BREAKER_STATES[breakerState()]),
  },
  {
    name: "sms_gateway.state.reachable",
    description: "1 if the state store answered last, else 0.",
    values: ({ stateReachable }) => {
      const reachable = stateReachable();
      return single(reachable === undefined ? undefined : Number(reachable));
    },
  },
  {
    name: "sms_gateway.service_plan.limit",
    description: "Limit of concurrent requests to the SMS API for a service plan.",
    values: ({ planLimits }) =>
      lowest([...planLimits()], ([, limit]) => limit)
        .map(([plan, limit]) => [limit, { "sms_gateway.service_plan_id": plan }] as const),
  },
  {
    name: "sms_gateway.service_plan.limit_max",
    description: "Limit of a service plan that the SMS API does not throttle.",
    values: ({ planLimitMax }) => single(planLimitMax),
  },
  {
    name: "sms_gateway.budget.left",
    description: "Message parts left of a budget, as far as this instance knows.",
    values: ({ budgets }) =>
      budgets().map(({ policy, unit, limit, used }) =>
        [Math.max(0, limit - used), { policy, window: unit }] as const
      ),
  },
  {
    name: "sms_gateway.budget.limit",
    description: "Message parts that a policy allows in a window.",
    values: ({ budgets }) =>
      budgets().map(({ policy, unit, limit }) => [limit, { policy, window: unit }] as const),
  },
  {
    name: "sms_gateway.setting_file.usable",
    description: "1 if the file of a setting is in use as it is, 0 if the last good one is.",
    values: ({ settingFiles }) => {
      const { names = [], refused = [] } = settingFiles() ?? {};
      return names.map((setting) => [Number(!refused.includes(setting)), { setting }] as const);
    },
  },
  // The process by the names of Prometheus' own client libraries, which dashboards know.
  {
    name: "process.cpu",
    description: "CPU time of the process.",
    unit: "s",
    kind: "counter",
    values: ({ process }) => single(process()?.cpuS),
  },
  {
    name: "process.resident_memory.bytes",
    description: "Resident memory of the process.",
    values: ({ process }) => single(process()?.residentBytes),
  },
  {
    name: "process.start_time",
    description: "When the process started, in seconds since the epoch.",
    unit: "s",
    values: ({ process }) => single(process()?.startTimeS),
  },
  {
    name: "sms_gateway.telemetry_dropped",
    description: "Spans and log lines dropped.",
    kind: "counter",
    values: ({ dropped }) =>
      Object.entries(dropped()).map(([signal, count]) => [count, { signal }] as const),
  },
  {
    name: "sms_gateway.batches_lost",
    description: "Batches that could not be remembered for their callbacks.",
    kind: "counter",
    values: ({ batchesLost }) => single(batchesLost?.()),
  },
  {
    name: "sms_gateway.build_info",
    description: "Always 1; the version is an attribute.",
    values: () => [[1, { version: VERSION }]],
  },
];

/**
 * Collects the metrics that are read from `sources`. What a source no longer has is not shown any
 * more; the SDK's observable instruments keep every series that they ever had.
 */
export function gaugesOf(sources: AllSources): CollectMetrics {
  const startTime = hrTime();
  return () => {
    const budgets = mostUsed(sources.budgets());
    const read = { ...sources, budgets: () => budgets };
    return GAUGES.map((gauge) => metricOf(gauge, gauge.values(read), startTime));
  };
}

function metricOf(gauge: Gauge, values: Values, startTime: HrTime): MetricData {
  const { kind } = gauge;
  const endTime = hrTime();
  const metric = {
    ...cumulative(gauge),
    dataPoints: values.map(([value, attributes = {}]) => ({
      value,
      attributes,
      startTime,
      endTime,
    })),
  };
  return kind
    ? { ...metric, dataPointType: DataPointType.SUM, isMonotonic: kind === "counter" }
    : { ...metric, dataPointType: DataPointType.GAUGE };
}

function single(value: number | undefined): Values {
  return value === undefined ? [] : [[value]];
}

function labelled(
  values: ReadonlyMap<string, number>,
  attributesOf: (key: string) => Attributes,
): Values {
  return [...values].map(([key, value]) => [value, attributesOf(key)] as const);
}

function mostUsed(budgets: readonly BudgetSource[]): readonly BudgetSource[] {
  return lowest(budgets, ({ limit, used }) => -used / limit);
}

/** At most {@linkcode MAX_SHOWN} items with the lowest ranks. */
function lowest<T>(items: readonly T[], rankOf: (item: T) => number): readonly T[] {
  if (items.length <= MAX_SHOWN) return items;
  return items.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, MAX_SHOWN);
}
