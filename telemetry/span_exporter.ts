import { SpanKind, TraceFlags } from "@opentelemetry/api";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { ATTR } from "./attributes.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { exportJson } from "./collector.ts";
import { ExportLog } from "./export_log.ts";
import { HeldSpans } from "./held_spans.ts";
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
  /** Counts the bytes that wait; default: one of its own, of {@linkcode MAX_WAITING_SPAN_BYTES}. */
  budget?: ByteBudget;
}

/** Spans of one export request; a full batch goes at once. */
const MAX_BATCH_SPANS = 2_000;

/** Bytes of one export request: the OpenTelemetry Collector refuses more than 20 MiB. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** The most that waits for a collector that is down, in bytes: 40,000 spans of usual length. */
export const MAX_WAITING_SPAN_BYTES = 32 * 1024 * 1024;

/** A span waits at most this long for its batch to go, in ms. */
const MAX_DELAY_MS = 1_000;

/** Shortest pause after a failed export, in ms. Meanwhile spans wait, up to the limit. */
const RETRY_DELAY_MS = 2_000;

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
  readonly #held: HeldSpans;
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
      budget: new ByteBudget(MAX_WAITING_SPAN_BYTES),
      ...options,
    };
    this.#held = new HeldSpans(this.#options.budget);
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
    this.discard();
  }

  /** Gives up everything that has ended and was not exported, and counts it as dropped. */
  discard(): void {
    this.#seal();
    for (const batch of this.#waiting.splice(0)) {
      this.dropped += batch.count;
      batch.clear();
    }
    this.#held.clear();
  }

  /** The end of a trace that was not sampled: it is exported if it failed. */
  #decide(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const { spans, lost } = this.#held.release(spanId);
    const status = span.attributes["http.response.status_code"];
    const failed = typeof status === "number" && status >= 500;
    if (!failed && span.attributes[ATTR.errorOrigin] !== "gateway") return;
    this.dropped += lost;
    for (const encoded of spans) this.#add(encoded);
    this.#add(encodeSpan(span));
  }

  #hold(span: ReadableSpan): void {
    const serverSpanId = span.parentSpanContext?.spanId ?? "";
    if (!this.#held.hold(serverSpanId, encodeSpan(span))) this.dropped++;
  }

  #add(encoded: string): void {
    const { budget } = this.#options;
    if (this.#stopped || !budget.hasRoomFor(encoded.length)) {
      this.dropped++;
      return;
    }
    const batch = this.#batch ??= this.#takeSpare() ?? new SpanBatch(this.#prefix, budget);
    batch.add(encoded);
    if (batch.count < MAX_BATCH_SPANS && batch.byteLength < MAX_BATCH_BYTES) {
      this.#exportIn(MAX_DELAY_MS);
    } else {
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
    if (this.#waiting.length > 0) this.#batch.trim();
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
