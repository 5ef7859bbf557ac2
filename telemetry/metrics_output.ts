import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
  type MetricProducer,
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import type { OtlpTarget } from "../config.ts";
import { exportJson } from "./collector.ts";
import { ExportLog } from "./export_log.ts";
import type { ExemplarsByMetric } from "./openmetrics.ts";

// The packages of the two formats are loaded on first use: loading them takes longer than the rest
// of the start.

/** Collects the metrics on demand, in the formats that Prometheus reads. */
export class PrometheusReader extends MetricReader {
  constructor(options: { metricProducers: MetricProducer[] }) {
    super(options);
  }

  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
    const { resourceMetrics } = await this.collect();
    // Without scope labels: there is only one scope.
    const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
    return serializer.serialize(withUnits(resourceMetrics));
  }

  /** All metrics in the OpenMetrics text format. */
  async openMetrics(exemplars: ExemplarsByMetric): Promise<string> {
    const { openMetrics } = await import("./openmetrics.ts");
    const { resourceMetrics } = await this.collect();
    return openMetrics(withUnits(resourceMetrics), exemplars);
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Options of {@linkcode pushReader}. */
export interface PushOptions {
  target: OtlpTarget;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /** Further metrics beside those of the SDK. */
  metricProducers?: MetricProducer[];
  /** Called with the number of data points that the collector rejects of an accepted push. */
  onRejected?: (dataPoints: number) => void;
}

/**
 * The shutdown waits for the last push, so its deadline must be well below the shutdown grace
 * period, in ms.
 */
const MAX_PUSH_TIMEOUT_MS = 2_000;

/** Pushes to a collector as OTLP/HTTP JSON, every minute and at shutdown. */
export function pushReader(options: PushOptions): MetricReader {
  const { metricProducers = [] } = options;
  return new PeriodicExportingMetricReader({
    exporter: new PushExporter(options),
    metricProducers,
  });
}

/**
 * Sends each collection once: values are cumulative, so the next one has what a failed one had.
 * While the collector has asked to wait (`Retry-After`), nothing is sent.
 */
class PushExporter implements PushMetricExporter {
  readonly #target: OtlpTarget;
  readonly #fetch: typeof fetch;
  readonly #log: ExportLog;
  readonly #onRejected: (dataPoints: number) => void;
  #waitUntil = 0;

  constructor({ target, fetch = globalThis.fetch, onRejected = () => {} }: PushOptions) {
    this.#target = target;
    this.#fetch = fetch;
    this.#onRejected = onRejected;
    this.#log = new ExportLog("metrics", target.url);
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    this.#export(metrics).then(done, (error) => done({ code: ExportResultCode.FAILED, error }));
  }

  async #export(metrics: ResourceMetrics): Promise<ExportResult> {
    if (performance.now() < this.#waitUntil) return { code: ExportResultCode.SUCCESS };
    const { JsonMetricsSerializer } = await import("@opentelemetry/otlp-transformer");
    const body = JsonMetricsSerializer.serializeRequest(metrics);
    if (!body) return { code: ExportResultCode.FAILED };
    const { problem, rejected, retryAfterMs } = await exportJson({
      target: { ...this.#target, timeoutMs: Math.min(this.#target.timeoutMs, MAX_PUSH_TIMEOUT_MS) },
      body: new Uint8Array(body),
      fetch: this.#fetch,
    });
    this.#log.report(problem);
    if (Number.isFinite(rejected)) this.#onRejected(rejected); // else the next push has all values
    this.#waitUntil = performance.now() + retryAfterMs;
    return { code: problem ? ExportResultCode.FAILED : ExportResultCode.SUCCESS };
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Appends the unit to the name, which the specification requires and the serializer omits. */
function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map((metric) => {
        const { name, unit } = metric.descriptor;
        const descriptor = unit === "s"
          ? { ...metric.descriptor, name: `${name}.seconds` }
          : metric.descriptor;
        return { ...metric, descriptor };
      }),
    })),
  };
}
