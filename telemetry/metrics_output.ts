import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import {
  MetricReader,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { reasonOf } from "./collector.ts";
import { ExportLog, type ExportProblem } from "./export_log.ts";

// The packages of the two formats are loaded on first use: loading them takes longer than the rest
// of the start.

/**
 * Timeout of a push with its retries, in ms. The shutdown waits for the last push, so it must be
 * well below the shutdown grace period.
 */
const PUSH_TIMEOUT_MS = 2_000;

/** Collects the metrics on demand, in the Prometheus text format. */
export class PrometheusReader extends MetricReader {
  /** All metrics in the Prometheus text format. */
  async text(): Promise<string> {
    const { PrometheusSerializer } = await import("@opentelemetry/exporter-prometheus");
    const { resourceMetrics } = await this.collect();
    // Without scope labels: there is only one scope.
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

/**
 * Pushes to a collector's `/v1/metrics` as OTLP/HTTP JSON, every minute and at shutdown. The
 * exporter uses `node:http`, which does not follow redirects: they count as failed exports.
 */
export function pushReader(otlpEndpoint: string): MetricReader {
  return new PeriodicExportingMetricReader({ exporter: lazyExporter(otlpEndpoint) });
}

function lazyExporter(otlpEndpoint: string): PushMetricExporter {
  const url = `${otlpEndpoint}/v1/metrics`;
  const log = new ExportLog("metrics", url);
  let exporter: Promise<PushMetricExporter> | undefined;
  const load = () =>
    exporter ??= import("@opentelemetry/exporter-metrics-otlp-http").then((otlp) =>
      new otlp.OTLPMetricExporter({ url, timeoutMillis: PUSH_TIMEOUT_MS })
    );
  return {
    export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
      const logged = (result: ExportResult) => {
        log.report(problemOf(result));
        done(result);
      };
      load().then((loaded) => loaded.export(metrics, logged)).catch((error) =>
        done({ code: ExportResultCode.FAILED, error })
      );
    },
    forceFlush: async () => await (await exporter)?.forceFlush(),
    shutdown: async () => await (await exporter)?.shutdown(),
  };
}

/** An `OTLPExporterError` means that the collector responded; its `code` is the HTTP status. */
function problemOf({ code, error }: ExportResult): ExportProblem | undefined {
  if (code === ExportResultCode.SUCCESS) return undefined;
  if (error?.name !== "OTLPExporterError") {
    return { message: "collector unreachable", reason: reasonOf(error) };
  }
  const status = "code" in error && typeof error.code === "number" ? error.code : undefined;
  return { message: "collector refuses exports", status };
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
