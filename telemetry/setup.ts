import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";

/** Options of {@linkcode setupTelemetry}. */
export interface TelemetryOptions {
  /** Base URL of the collector; undefined: nothing is exported. */
  otlpEndpoint: string | undefined;
  /** Resource attribute `service.name`. */
  serviceName: string;
  /** Share of new traces that are sampled, 0 to 1; a caller's decision goes before it. */
  sampleRatio: number;
  /** Further processors, such as a test's. Default: none. */
  processors?: readonly SpanProcessor[];
}

/** The telemetry of one gateway. */
export interface Telemetry {
  readonly tracer: Tracer;
  /** Exports what is left and ends; never rejects. */
  shutdown(): Promise<void>;
}

/** Spans that may wait for the collector; at 2 KB each some 40 MB. */
const MAX_QUEUE_SIZE = 20_000;

/** Spans of one export request. */
const MAX_BATCH_SIZE = 1_000;

/** Starts tracing with a provider of its own: the global one belongs to Deno under OTEL_DENO. */
export function setupTelemetry(options: TelemetryOptions): Telemetry {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ "service.name": options.serviceName }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.sampleRatio) }),
    spanProcessors: [...exporting(options.otlpEndpoint), ...options.processors ?? []],
  });
  return {
    tracer: provider.getTracer("sms-gateway"),
    shutdown: () => provider.shutdown().catch(() => {}),
  };
}

function exporting(endpoint: string | undefined): SpanProcessor[] {
  if (endpoint === undefined) return [];
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
  return [
    new BatchSpanProcessor(exporter, {
      maxQueueSize: MAX_QUEUE_SIZE,
      maxExportBatchSize: MAX_BATCH_SIZE,
      scheduledDelayMillis: 1_000,
    }),
  ];
}
