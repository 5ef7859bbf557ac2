import { ValueType } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type CollectionResult,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Resource } from "@opentelemetry/resources";

/** What a metric is called. */
export interface MetricName {
  readonly name: string;
  readonly description: string;
  /** A unit of UCUM; default: none. */
  readonly unit?: string;
}

/** What all metrics that are made here have in common. */
export function cumulative({ name, description, unit = "" }: MetricName) {
  return {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
}

/** Collects the current values of metrics; those without a data point are left out. */
export type CollectMetrics = () => readonly MetricData[];

/** Hands metrics that no instrument of the SDK measures to its readers, beside its own. */
export class GatewayMetricProducer implements MetricProducer {
  readonly #resource: Resource;
  readonly #collected: CollectMetrics[] = [];

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** Adds metrics to every collection. */
  add(collect: CollectMetrics): void {
    this.#collected.push(collect);
  }

  collect(): Promise<CollectionResult> {
    const metrics = this.#collected.flatMap((collect) => collect())
      .filter(({ dataPoints }) => dataPoints.length > 0);
    const scopeMetrics = [{ scope: { name: "sms-gateway" }, metrics }];
    return Promise.resolve({
      resourceMetrics: { resource: this.#resource, scopeMetrics },
      errors: [],
    });
  }
}
