import type { Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { RequestSpans } from "./request_spans.ts";
import { recordingSampler } from "./sampler.ts";
import { SpanExporter } from "./span_exporter.ts";

/**
 * Longest value of any attribute, in characters: a URL with a path and a query of 1,024 each, or a
 * stack trace. What comes from a caller, such as the subject of its token, may be of any length.
 */
const MAX_ATTRIBUTE_LENGTH = 4_096;

/** Options of {@linkcode setupTracing}. */
export interface TracingOptions {
  /** Base URL of the collector; undefined: nothing is exported. */
  otlpEndpoint: string | undefined;
  /** Resource attribute `service.name`. */
  serviceName: string;
  /** Share of new traces that are sampled, 0 to 1; a caller's decision goes before it. */
  sampleRatio: number;
  /** Exports each request by itself, and has the runtime wait for it; default: in batches. */
  waitUntil?: ((exported: Promise<unknown>) => void) | undefined;
}

/** The traces of one gateway. */
export interface Tracing {
  readonly tracer: Tracer;
  /** Spans lost so far. */
  dropped(): number;
  /** Exports what is left and ends; never rejects. */
  shutdown(): Promise<void>;
}

/** Starts tracing with a provider of its own: the global one belongs to Deno under OTEL_DENO. */
export function setupTracing(options: TracingOptions): Tracing {
  const { otlpEndpoint, serviceName, sampleRatio, waitUntil } = options;
  const resource = { "service.name": serviceName };
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
    spanProcessors: exporter ? [exporter] : [],
  });
  return {
    tracer: provider.getTracer("sms-gateway"),
    dropped: () => exporter?.dropped ?? 0,
    shutdown: () => provider.shutdown().catch(() => {}),
  };
}
