import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";

// The two formats' packages are loaded when they are first needed: they take longer than all
// the rest of a start.

/**
 * A push that takes longer has failed, retries included, in ms: at a stop it is waited for, and
 * must leave time within the grace.
 */
const PUSH_TIMEOUT_MS = 2_000;

/** Collects when it is asked to. */
export class PrometheusReader extends MetricReader {
  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
    const { resourceMetrics } = await this.collect();
    // Without the scope as a label on every series: there is only one.
    const serializer = new PrometheusSerializer(undefined, false, undefined, false, true);
    return serializer.serialize(withUnits(resourceMetrics));
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Pushes to a collector's `/v1/metrics` as OTLP/HTTP JSON, every minute and at the end. */
export function pushReader(otlpEndpoint: string): MetricReader {
  return new PeriodicExportingMetricReader({ exporter: lazyExporter(otlpEndpoint) });
}

function lazyExporter(otlpEndpoint: string): PushMetricExporter {
  let exporter: Promise<PushMetricExporter> | undefined;
  const load = () =>
    exporter ??= import("@opentelemetry/exporter-metrics-otlp-http").then((otlp) =>
      new otlp.OTLPMetricExporter({
        url: `${otlpEndpoint}/v1/metrics`,
        timeoutMillis: PUSH_TIMEOUT_MS,
      })
    );
  return {
    export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
      load().then((loaded) => loaded.export(metrics, done)).catch((error) =>
        done({ code: ExportResultCode.FAILED, error })
      );
    },
    forceFlush: async () => await (await exporter)?.forceFlush(),
    shutdown: async () => await (await exporter)?.shutdown(),
  };
}

/** Appends the unit to the name, as the specification asks and the serializer does not do. */
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
