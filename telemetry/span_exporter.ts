import { context, SpanKind, TraceFlags } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import type { ReadableSpan, SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { encodeAttributes, encodeSpan } from "./otlp_json.ts";
import { ATTR } from "./attributes.ts";

/** Options of {@linkcode SpanExporter}. */
export interface SpanExporterOptions {
  /** Where spans go: OTLP/HTTP JSON, such as `http://localhost:4318/v1/traces`. */
  url: string;
  /** Attributes of the resource, such as `service.name`. */
  resource: Record<string, string>;
  /** Default: the global one. */
  fetch?: typeof fetch;
}

/** Spans that may wait for the collector: 30 MB at the usual 600 bytes each. */
const MAX_WAITING_SPANS = 50_000;

/** Spans of one export request; a full batch goes at once. */
const MAX_BATCH_SPANS = 2_000;

/** A span waits at most this long for its batch, in ms. */
const MAX_DELAY_MS = 1_000;

/** An export that takes longer has failed, in ms. */
const EXPORT_TIMEOUT_MS = 10_000;

/** Pause after a failed export, in ms. Meanwhile spans wait, up to the limit. */
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
  readonly #waiting: string[] = [];
  /** Id of a SERVER span that has not ended → its CLIENT spans. */
  readonly #held = new Map<string, string[]>();
  readonly #options: Required<SpanExporterOptions>;
  readonly #prefix: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #exporting: Promise<void> | undefined;
  #stopped = false;

  constructor(options: SpanExporterOptions) {
    this.#options = { fetch: globalThis.fetch, ...options };
    this.#prefix = `{"resourceSpans":[{"resource":{"attributes":${
      encodeAttributes(options.resource)
    }},"scopeSpans":[{"scope":{"name":"sms-gateway"},"spans":[`;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (span.spanContext().traceFlags & TraceFlags.SAMPLED) this.#enqueue(encodeSpan(span));
    else if (span.kind === SpanKind.SERVER) this.#decide(span);
    else this.#hold(span);
  }

  async forceFlush(): Promise<void> {
    await this.#exporting;
    while (this.#waiting.length > 0) {
      const before = this.#waiting.length;
      await this.#export();
      if (this.#waiting.length >= before) return; // the collector is down
    }
  }

  async shutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.forceFlush();
    this.dropped += this.#waiting.splice(0).length;
  }

  /** The end of a trace that was not sampled: it is exported if it failed. */
  #decide(span: ReadableSpan): void {
    const { spanId } = span.spanContext();
    const held = this.#held.get(spanId) ?? [];
    this.#held.delete(spanId);
    const status = span.attributes["http.response.status_code"];
    const failed = typeof status === "number" && status >= 500;
    if (!failed && span.attributes[ATTR.errorOrigin] !== "gateway") return;
    for (const encoded of held) this.#enqueue(encoded);
    this.#enqueue(encodeSpan(span));
  }

  #hold(span: ReadableSpan): void {
    const serverSpanId = span.parentSpanContext?.spanId ?? "";
    const held = this.#held.get(serverSpanId);
    if (held) held.push(encodeSpan(span));
    else if (this.#held.size < MAX_HELD) this.#held.set(serverSpanId, [encodeSpan(span)]);
  }

  #enqueue(encoded: string): void {
    if (this.#stopped || this.#waiting.length >= MAX_WAITING_SPANS) {
      this.dropped++;
      return;
    }
    this.#waiting.push(encoded);
    if (this.#waiting.length >= MAX_BATCH_SPANS) this.#schedule(0);
    else this.#schedule(MAX_DELAY_MS);
  }

  #schedule(delayMs: number): void {
    if (this.#exporting) return; // it looks for more when it is done
    if (delayMs === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      void this.#export();
    } else this.#timer ??= setTimeout(() => this.#export(), delayMs);
  }

  #export(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    return this.#exporting ??= this.#send().then((delayMs) => {
      this.#exporting = undefined;
      if (this.#stopped || this.#waiting.length === 0) return;
      this.#schedule(
        this.#waiting.length >= MAX_BATCH_SPANS && delayMs === 0 ? 0 : delayMs || MAX_DELAY_MS,
      );
    });
  }

  /** Sends a batch; the result is how long to wait before the next one. */
  async #send(): Promise<number> {
    const batch = this.#waiting.splice(0, MAX_BATCH_SPANS);
    if (batch.length === 0) return 0;
    try {
      const response = await this.#post(`${this.#prefix}${batch.join()}]}]}]}`);
      if (response.ok || !isTransient(response.status)) {
        if (!response.ok) this.dropped += batch.length;
        return 0;
      }
    } catch {
      // Down, or too slow; requests must not notice.
    }
    this.#keep(batch);
    return RETRY_DELAY_MS;
  }

  /** Puts a batch that was not taken back, as far as there is room. */
  #keep(batch: string[]): void {
    const room = Math.max(0, MAX_WAITING_SPANS - this.#waiting.length);
    this.#waiting.unshift(...batch.slice(0, room));
    this.dropped += Math.max(0, batch.length - room);
  }

  async #post(body: string): Promise<Response> {
    const { fetch, url } = this.#options;
    const response = await context.with(suppressTracing(context.active()), () =>
      fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(EXPORT_TIMEOUT_MS),
      }));
    await response.body?.cancel();
    return response;
  }
}

/** OTLP/HTTP: the statuses after which the same batch may be sent again. */
function isTransient(status: number): boolean {
  return [429, 502, 503, 504].includes(status);
}
