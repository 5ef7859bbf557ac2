import type { CollectionResult, MetricData, MetricProducer } from "@opentelemetry/sdk-metrics";
import type { Resource } from "@opentelemetry/resources";

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
