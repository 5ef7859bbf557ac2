import { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ByteBudget } from "../limits/byte_budget.ts";
import { ExportLog } from "./export_log.ts";
import { SpanExporter, type SpanExporterOptions } from "./span_exporter.ts";

/** Options of {@linkcode RequestSpans}. */
export interface RequestSpansOptions extends SpanExporterOptions {
  /** Keeps the runtime's request context alive until its spans are exported. */
  waitUntil: (exported: Promise<unknown>) => void;
}

/** Maximum number of unfinished requests: the runtime may end one without its SERVER span ending. */
const MAX_OPEN_REQUESTS = 1_000;

/**
 * Maximum size of the spans of all requests until they are exported, in bytes: an eighth of the
 * memory of a Worker (128 MB).
 */
export const MAX_REQUEST_SPAN_BYTES = 16 * 1024 * 1024;

/** Maximum size of the spans of one request, in bytes. */
const MAX_BYTES_PER_REQUEST = 64 * 1024;

/**
 * Exports the spans of each request separately as soon as the request has ended, for runtimes where
 * timers and connections end with the request that opened them (Workers). Failed exports are not
 * retried: their spans are dropped and counted.
 */
export class RequestSpans implements SpanProcessor {
  /** Number of spans dropped. */
  dropped = 0;
  /** Id of an unfinished SERVER span → the exporter of its request. */
  readonly #open = new Map<string, SpanExporter>();
  readonly #budget = new ByteBudget(MAX_REQUEST_SPAN_BYTES);
  readonly #options: RequestSpansOptions;

  constructor(options: RequestSpansOptions) {
    this.#options = {
      log: new ExportLog("traces", options.target.url),
      ...options,
      budget: this.#budget,
    };
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
    return Promise.resolve(); // exports of ended requests have started
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  #openFor(id: string): SpanExporter {
    const isFull = this.#open.size >= MAX_OPEN_REQUESTS ||
      !this.#budget.allows(MAX_BYTES_PER_REQUEST);
    if (isFull) this.#dropOldest();
    const exporter = new SpanExporter(this.#options);
    this.#open.set(id, exporter);
    return exporter;
  }

  #dropOldest(): void {
    const [oldest] = this.#open;
    if (!oldest) return;
    const [id, exporter] = oldest;
    this.#open.delete(id);
    exporter.discard();
    this.dropped += exporter.dropped;
  }
}
