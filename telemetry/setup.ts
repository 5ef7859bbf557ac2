import type { Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { RequestSpans } from "./request_spans.ts";
import { resourceAttributes } from "./resource.ts";
import { recordingSampler } from "./sampler.ts";
import { SpanExporter } from "./span_exporter.ts";

/**
 * Longest attribute value, in characters: enough for a stack trace, or a URL with a path and a query
 * of 1,024 each. Values from callers, such as a token's subject, may be of any length.
 */
const MAX_ATTRIBUTE_LENGTH = 4_096;

/** Options of {@linkcode setupTracing}. */
export interface TracingOptions {
  /** Base URL of the collector; undefined: nothing is exported. */
  otlpEndpoint: string | undefined;
  /** Resource attribute `service.name`. */
  serviceName: string;
  /** Fraction of new traces that are sampled, 0 to 1; the sampled flag of a caller takes precedence. */
  sampleRatio: number;
  /** If given, the spans of each request are exported separately, and this awaits the export. */
  waitUntil?: ((exported: Promise<unknown>) => void) | undefined;
  /** Receive all spans, sampled or not, beside the export. Default: none. */
  spanProcessors?: readonly SpanProcessor[] | undefined;
}

/** The tracer of one gateway with its exporter. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Number of spans dropped so far. */
  dropped(): number;
  /** Exports the remaining spans and stops; never rejects. */
  shutdown(): Promise<void>;
}

/** Sets up tracing with a separate provider: under OTEL_DENO the global one belongs to Deno. */
export function setupTracing(options: TracingOptions): Tracing {
  const { otlpEndpoint, serviceName, sampleRatio, waitUntil, spanProcessors = [] } = options;
  const resource = resourceAttributes(serviceName);
  const target = { url: `${otlpEndpoint}/v1/traces`, resource };
  const exporter = otlpEndpoint === undefined
    ? undefined
    : waitUntil
    ? new RequestSpans({ ...target, waitUntil })
    : new SpanExporter(target);
  const root = sampleRatio < 1 ? new TraceIdRatioBasedSampler(sampleRatio) : new AlwaysOnSampler();
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    sampler: recordingSampler(new ParentBasedSampler({ root })),
    spanProcessors: exporter ? [exporter, ...spanProcessors] : [...spanProcessors],
  });
  return {
    tracer: provider.getTracer("sms-gateway"),
    dropped: () => exporter?.dropped ?? 0,
    shutdown: () => provider.shutdown().catch(() => {}),
  };
}
