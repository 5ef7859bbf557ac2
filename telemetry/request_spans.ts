import { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ByteBudget } from "../limits/byte_budget.ts";
import { ExportLog } from "./export_log.ts";
import { SpanExporter, type SpanExporterOptions } from "./span_exporter.ts";

/** Options of {@linkcode RequestSpans}. */
export interface RequestSpansOptions extends SpanExporterOptions {
  /** Keeps the request alive until its spans are exported. */
  waitUntil: (exported: Promise<unknown>) => void;
}

/** Requests whose end was never seen because the runtime ended them; the oldest are forgotten. */
const MAX_OPEN = 1_000;

/**
 * The most that the spans of all requests take up until they are exported, in bytes: an eighth of
 * what a Worker has (128 MB).
 */
export const MAX_REQUEST_SPAN_BYTES = 16 * 1024 * 1024;

/** Spans of one request whose caller makes them as long as possible, in bytes. */
const MAX_BYTES_PER_REQUEST = 64 * 1024;

/**
 * Exports the spans of each request by themselves as soon as it is answered, for runtimes where
 * timers and connections end with the request that opened them (Workers). Nothing waits for a
 * collector that is down: what it does not take at once is lost, and counted.
 */
export class RequestSpans implements SpanProcessor {
  /** Spans lost. */
  dropped = 0;
  /** Id of a SERVER span that has not ended → what exports its request. */
  readonly #open = new Map<string, SpanExporter>();
  readonly #budget = new ByteBudget(MAX_REQUEST_SPAN_BYTES);
  readonly #options: RequestSpansOptions;

  constructor(options: RequestSpansOptions) {
    this.#options = { log: new ExportLog("traces", options.url), ...options, budget: this.#budget };
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    const isServer = span.kind === SpanKind.SERVER;
    const id = isServer ? span.spanContext().spanId : span.parentSpanContext?.spanId ?? "";
    const exporter = this.#open.get(id) ?? this.#openFor(id);
    exporter.onEnd(span);
    if (!isServer) return;
    this.#open.delete(id);
    this.#options.waitUntil(
      exporter.shutdown().then(() => {
        this.dropped += exporter.dropped;
      }),
    );
  }

  forceFlush(): Promise<void> {
    return Promise.resolve(); // what has ended is on its way
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #openFor(id: string): SpanExporter {
    const isFull = this.#open.size >= MAX_OPEN || !this.#budget.hasRoomFor(MAX_BYTES_PER_REQUEST);
    if (isFull) this.#forgetOldest();
    const exporter = new SpanExporter(this.#options);
    this.#open.set(id, exporter);
    return exporter;
  }

  #forgetOldest(): void {
    const [oldest] = this.#open;
    if (!oldest) return;
    const [id, exporter] = oldest;
    this.#open.delete(id);
    exporter.discard();
    this.dropped += exporter.dropped;
  }
}
