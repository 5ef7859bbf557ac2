import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { encodeSpan } from "../telemetry/otlp_json.ts";
import type { OtlpSpan } from "./otlp_span.ts";

/** Maximum number of traces: as many as a page can show at once. */
export const MAX_TRACES = 100;

/**
 * Maximum size of the spans of one trace, in characters of their JSON: about 50 usual spans. All
 * traces together have at most 6.5 million characters.
 */
export const MAX_TRACE_CHARS = 64 * 1024;

/** The spans of one trace that have ended. */
export interface Trace {
  readonly traceId: string;
  /** In the order in which they ended. */
  readonly spans: readonly OtlpSpan[];
  /** Number of earlier spans that were removed because the trace was too large. */
  readonly removed: number;
}

/** A trace with its spans as JSON. */
interface StoredTrace {
  readonly spans: string[];
  removed: number;
  /** Length of all spans. */
  chars: number;
}

/**
 * Keeps the last traces in memory, as the exporter encodes them: what the demo shows is what a
 * collector receives.
 */
export class TraceStore implements SpanProcessor {
  /** Trace id → trace; the one with the latest span is the last. */
  readonly #traces = new Map<string, StoredTrace>();

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const { traceId } = span.spanContext();
    const encoded = encodeSpan(span);
    if (encoded.length > MAX_TRACE_CHARS) return; // the limits of attributes prevent this
    const trace = this.#traces.get(traceId) ?? { spans: [], removed: 0, chars: 0 };
    add(trace, encoded);
    this.#traces.delete(traceId); // so that it becomes the last one
    this.#traces.set(traceId, trace);
    const [oldest] = this.#traces.keys();
    if (this.#traces.size > MAX_TRACES && oldest !== undefined) this.#traces.delete(oldest);
  }

  /** The trace with this id, if it is one of the last. */
  get(traceId: string): Trace | undefined {
    const trace = this.#traces.get(traceId);
    return trace && parsed(traceId, trace);
  }

  /** The traces that link to this one, such as callbacks and repeats, the earliest first. */
  linkingTo(traceId: string): Trace[] {
    const links = (trace: Trace) =>
      trace.spans.some((span) => span.links?.some((link) => link.traceId === traceId));
    return this.list().filter(links).reverse();
  }

  /** All traces, the one with the latest span first. */
  list(): Trace[] {
    return [...this.#traces].reverse().map(([traceId, trace]) => parsed(traceId, trace));
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** Adds a span, and removes the oldest ones while the trace is too large. */
function add(trace: StoredTrace, span: string): void {
  trace.spans.push(span);
  trace.chars += span.length;
  while (trace.chars > MAX_TRACE_CHARS) {
    trace.chars -= trace.spans.shift()?.length ?? 0;
    trace.removed++;
  }
}

function parsed(traceId: string, { spans, removed }: StoredTrace): Trace {
  return { traceId, spans: spans.map((span): OtlpSpan => JSON.parse(span)), removed };
}
