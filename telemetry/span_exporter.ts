import { SpanKind, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import type { OtlpTarget } from "../config.ts";
import { ATTR } from "./attributes.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { ExportLog } from "./export_log.ts";
import { ExportQueue } from "./export_queue.ts";
import { HeldSpans } from "./held_spans.ts";
import { encodeAttributes, encodeSpan } from "./otlp_json.ts";

/** Options of {@linkcode SpanExporter}. */
export interface SpanExporterOptions {
  target: OtlpTarget;
  /** Attributes of the resource, such as `service.name`. */
  resource: Readonly<Record<string, string>>;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Logs changes of the collector's state; default: a new one. */
  log?: ExportLog;
  /**
   * Limits the bytes of all spans that are not exported yet; default: a new one with the limit
   * {@linkcode MAX_WAITING_SPAN_BYTES}.
   */
  budget?: ByteBudget;
}

/** Maximum size of the spans that wait for the collector, in bytes: about 40,000 usual spans. */
export const MAX_WAITING_SPAN_BYTES = 32 * 1024 * 1024;

/**
 * Exports spans as OTLP/HTTP JSON. Each span is encoded when it ends, which costs a fraction of
 * queueing span objects and transforming them later. Traces that are not sampled are exported only
 * if the request failed with 5xx or the gateway rejected it.
 */
export class SpanExporter implements SpanProcessor {
  readonly #queue: ExportQueue;
  readonly #held: HeldSpans;
  /** Number of dropped spans that were never in the queue. */
  #droppedHeld = 0;

  constructor(
    {
      target,
      resource,
      fetch = globalThis.fetch,
      log = new ExportLog("traces", target.url),
      budget = new ByteBudget(MAX_WAITING_SPAN_BYTES),
    }: SpanExporterOptions,
  ) {
    const prefix = `{"resourceSpans":[{"resource":{"attributes":${encodeAttributes(resource)}},` +
      `"scopeSpans":[{"scope":{"name":"sms-gateway"},"spans":[`;
    this.#queue = new ExportQueue({ target, prefix, suffix: "]}]}]}", fetch, log, budget });
    this.#held = new HeldSpans(budget);
  }

  /** Number of spans dropped because the collector was down or slow for too long. */
  get dropped(): number {
    return this.#queue.dropped + this.#droppedHeld;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (span.spanContext().traceFlags & TraceFlags.SAMPLED) this.#queue.add(encodeSpan(span));
    else if (span.kind === SpanKind.SERVER) this.#endUnsampled(span);
    else this.#hold(span);
  }

  forceFlush(): Promise<void> {
    return this.#queue.flush();
  }

  async shutdown(): Promise<void> {
    await this.#queue.stop();
    this.discard();
  }

  /** Drops all spans that are not exported yet. */
  discard(): void {
    this.#queue.discard();
    this.#held.clear();
  }

  /** Exports the spans of an unsampled request if it failed. */
  #endUnsampled(span: ReadableSpan): void {
    const { spans, dropped } = this.#held.release(span.spanContext().spanId);
    const status = span.attributes["http.response.status_code"];
    const failed = typeof status === "number" && status >= 500;
    if (!failed && span.attributes[ATTR.errorOrigin] !== "gateway") return;
    this.#droppedHeld += dropped;
    for (const encoded of spans) this.#queue.add(encoded);
    this.#queue.add(encodeSpan(span));
  }

  #hold(span: ReadableSpan): void {
    const serverSpanId = span.parentSpanContext?.spanId ?? "";
    if (!this.#held.hold(serverSpanId, encodeSpan(span))) this.#droppedHeld++;
  }
}
