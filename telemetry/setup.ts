import type { Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { OtlpTarget } from "../config.ts";
import { RequestSpans } from "./request_spans.ts";
import { recordingSampler, type SamplerName, samplerOf } from "./sampler.ts";
import { SpanExporter } from "./span_exporter.ts";

/**
 * Longest attribute value, in characters: enough for a stack trace, or a URL with a path and a query
 * of 1,024 each. Values from callers, such as a token's subject, may be of any length.
 */
const MAX_ATTRIBUTE_LENGTH = 4_096;

/** Options of {@linkcode setupTracing}. */
export interface TracingOptions {
  /** The collector; undefined: nothing is exported. */
  target: OtlpTarget | undefined;
  /** Attributes of the resource. */
  resource: Readonly<Record<string, string>>;
  sampler: SamplerName;
  /** Fraction of traces that the samplers with `traceidratio` sample, 0 to 1. */
  sampleRatio: number;
  /** Sends exports; default: the global `fetch`. */
  fetch?: typeof fetch | undefined;
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
  const { target, resource, waitUntil, spanProcessors = [] } = options;
  const to = target && { target, resource, ...options.fetch && { fetch: options.fetch } };
  const exporter = !to
    ? undefined
    : waitUntil
    ? new RequestSpans({ ...to, waitUntil })
    : new SpanExporter(to);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes(resource),
    spanLimits: { attributeValueLengthLimit: MAX_ATTRIBUTE_LENGTH },
    sampler: recordingSampler(samplerOf(options)),
    spanProcessors: exporter ? [exporter, ...spanProcessors] : [...spanProcessors],
  });
  return {
    tracer: provider.getTracer("sms-gateway"),
    dropped: () => exporter?.dropped ?? 0,
    shutdown: () => provider.shutdown().catch(() => {}),
  };
}
