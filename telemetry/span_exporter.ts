import { SpanKind, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ATTR } from "./attributes.ts";
import { exportJson } from "./collector.ts";
import { ExportLog } from "./export_log.ts";
import { encodeAttributes, encodeSpan } from "./otlp_json.ts";
import { SpanBatch } from "./span_batch.ts";

/** Options of {@linkcode SpanExporter}. */
export interface SpanExporterOptions {
  /** Where spans go: OTLP/HTTP JSON, such as `http://localhost:4318/v1/traces`. */
  url: string;
  /** Attributes of the resource, such as `service.name`. */
  resource: Record<string, string>;
  /** Default: the global one. */
  fetch?: typeof fetch;
  /** Logs changes of the collector's state; default: one of its own. */
  log?: ExportLog;
}

/** Spans of one export request; a full batch goes at once. */
const MAX_BATCH_SPANS = 2_000;

/** Batches that may wait for the collector: 50,000 spans, about 50 MB. */
const MAX_WAITING_BATCHES = 25;

/** A span waits at most this long for its batch to go, in ms. */
const MAX_DELAY_MS = 1_000;

/** Shortest pause after a failed export, in ms. Meanwhile spans wait, up to the limit. */
const RETRY_DELAY_MS = 2_000;

/** Requests not sampled that may fail yet: as many as can be in flight, and then some. */
const MAX_HELD = 10_000;

/**
 * Exports spans as OTLP/HTTP JSON. Each is encoded when it ends, which costs a fraction of
 * queueing and transforming span objects. Of a trace that is not sampled only failures go
 * out: 5xx, and what the gateway refused. Memory is bounded; what is lost is counted.
 */
export class SpanExporter implements SpanProcessor {
  /** Spans lost: the collector was down or slow for too long. */
  dropped = 0;
  #batch: SpanBatch | undefined;
  /** An exported batch to be filled again: its megabytes would be work for the GC each time. */
  #spare: SpanBatch | undefined;
  /** Closed batches, the oldest first. */
  readonly #waiting: SpanBatch[] = [];
  /** Id of a SERVER span that has not ended → its CLIENT spans. */
  readonly #held = new Map<string, string[]>();
  readonly #options: Required<SpanExporterOptions>;
  readonly #prefix: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #exporting: Promise<void> | undefined;
  #stopped = false;
  #retryDelayMs = RETRY_DELAY_MS;

  constructor(options: SpanExporterOptions) {
    this.#options = {
      fetch: globalThis.fetch,
      log: new ExportLog("traces", options.url),
      ...options,
    };
    this.#prefix = `{"resourceSpans":[{"resource":{"attributes":${
      encodeAttributes(options.resource)
    }},"scopeSpans":[{"scope":{"name":"sms-gateway"},"spans":[`;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (span.spanContext().traceFlags & TraceFlags.SAMPLED) this.#add(encodeSpan(span));
    else if (span.kind === SpanKind.SERVER) this.#decide(span);
    else this.#hold(span);
  }

  /** Tries to export everything that has ended; what the collector does not take goes on waiting. */
  async forceFlush(): Promise<void> {
    await this.#exporting;
    this.#exporting = this.#drain().then(async (taken) => {
      if (taken) {
        this.#seal();
        await this.#drain();
      }
      this.#exporting = undefined;
      if (this.#waiting.length > 0) this.#exportIn(this.#retryDelayMs);
    });
    await this.#exporting;
  }

  async shutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.forceFlush();
    this.#seal();
    for (const { count } of this.#waiting.splice(0)) this.dropped += count;
  }

  /** The end of a trace that was not sampled: it is exported if it failed. */
  #decide(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const held = this.#held.get(spanId) ?? [];
    this.#held.delete(spanId);
    const status = span.attributes["http.response.status_code"];
    const failed = typeof status === "number" && status >= 500;
    if (!failed && span.attributes[ATTR.errorOrigin] !== "gateway") return;
    for (const encoded of held) this.#add(encoded);
    this.#add(encodeSpan(span));
  }

  #hold(span: ReadableSpan): void {
    const serverSpanId = span.parentSpanContext?.spanId ?? "";
    const held = this.#held.get(serverSpanId);
    if (held) held.push(encodeSpan(span));
    else if (this.#held.size < MAX_HELD) this.#held.set(serverSpanId, [encodeSpan(span)]);
  }

  #add(encoded: string): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING_BATCHES) {
      this.dropped++;
      return;
    }
    this.#batch ??= this.#takeSpare() ?? new SpanBatch(this.#prefix);
    this.#batch.add(encoded);
    if (this.#batch.count < MAX_BATCH_SPANS) this.#exportIn(MAX_DELAY_MS);
    else {
      this.#seal();
      this.#exportIn(0);
    }
  }

  #takeSpare(): SpanBatch | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #seal(): void {
    if (!this.#batch) return;
    this.#batch.close("]}]}]}");
    this.#waiting.push(this.#batch);
    this.#batch = undefined;
  }

  #exportIn(delayMs: number): void {
    if (this.#exporting || this.#stopped) return; // it goes on by itself when it is done
    if (delayMs > 0) this.#timer ??= setTimeout(() => this.#exportAll(), delayMs);
    else this.#exportAll();
  }

  #exportAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Behind what waits a batch goes on filling up: small ones would soon be too many.
    if (this.#waiting.length === 0) this.#seal();
    this.#exporting ??= this.#drain().then((taken) => {
      this.#exporting = undefined;
      if (!taken) this.#exportIn(this.#retryDelayMs);
      else if (this.#batch) this.#exportIn(MAX_DELAY_MS);
    });
  }

  /** Whether the collector took everything that waited. */
  async #drain(): Promise<boolean> {
    while (this.#waiting.length > 0) {
      if (!await this.#exportFirst()) return false;
    }
    return true;
  }

  /** Sends the oldest batch; false, if it has to wait. */
  async #exportFirst(): Promise<boolean> {
    const [batch] = this.#waiting;
    if (!batch) return true;
    const { fetch, url, log } = this.#options;
    const outcome = await exportJson({ url, body: batch.body, fetch });
    log.report(outcome.problem);
    this.#retryDelayMs = Math.max(RETRY_DELAY_MS, outcome.retryAfterMs);
    if (outcome.retry) return false;
    this.dropped += Math.min(outcome.rejected, batch.count); // it would be refused again
    this.#waiting.shift();
    batch.clear(); // fetch has a copy of its own (Fetch standard, extract a body)
    this.#spare = batch;
    return true;
  }
}
