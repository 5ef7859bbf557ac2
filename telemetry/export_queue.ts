import { exportJson } from "./collector.ts";
import type { OtlpTarget } from "../config.ts";
import type { ByteBudget } from "../limits/byte_budget.ts";
import type { ExportLog } from "./export_log.ts";
import { SpanBatch } from "./span_batch.ts";

/** Options of {@linkcode ExportQueue}. */
export interface ExportQueueOptions {
  target: OtlpTarget;
  /** The export request up to its first span. */
  prefix: string;
  /** The export request after its last span. */
  suffix: string;
  fetch: typeof fetch;
  /** Logs changes of the collector's state. */
  log: ExportLog;
  /** Limits the bytes of all spans that are not exported yet. */
  budget: ByteBudget;
}

/** Maximum number of spans in one export request; a full batch is sent immediately. */
const MAX_BATCH_SPANS = 2_000;

/** Maximum size of an export request, in bytes: the OpenTelemetry Collector rejects over 20 MiB. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** Longest time until a span is exported while the collector is up, in ms. */
const MAX_DELAY_MS = 1_000;

/** Shortest delay after a failed export, in ms. */
const RETRY_DELAY_MS = 2_000;

/** Collects encoded spans in batches and exports one batch at a time, with retries. */
export class ExportQueue {
  /** Number of spans dropped: over the byte limit, rejected, or not exported before the shutdown. */
  dropped = 0;
  /** The batch that spans are added to. */
  #batch: SpanBatch | undefined;
  /** An exported batch whose memory is reused: it may have megabytes. */
  #spare: SpanBatch | undefined;
  /** Closed batches, oldest first. */
  readonly #closed: SpanBatch[] = [];
  readonly #options: ExportQueueOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #exporting: Promise<void> | undefined;
  #stopped = false;
  #retryDelayMs = RETRY_DELAY_MS;
  /** No export before this time, on the clock of `performance.now()`. */
  #notBefore = -Infinity;

  constructor(options: ExportQueueOptions) {
    this.#options = options;
  }

  /** Adds an encoded span, or drops it if it exceeds the byte limit. */
  add(encoded: string): void {
    const { prefix, budget } = this.#options;
    if (this.#stopped || !budget.allows(encoded.length)) {
      this.dropped++;
      return;
    }
    const batch = this.#batch ??= this.#takeSpare() ?? new SpanBatch(prefix, budget);
    batch.add(encoded);
    if (batch.count < MAX_BATCH_SPANS && batch.byteLength < MAX_BATCH_BYTES) {
      this.#exportIn(MAX_DELAY_MS);
    } else {
      this.#closeBatch();
      this.#exportIn(0);
    }
  }

  /** Tries to export all spans; those that the collector does not accept stay in the queue. */
  async flush(): Promise<void> {
    await this.#exporting;
    this.#exporting = this.#exportClosed().then(async (isEmpty) => {
      if (isEmpty) {
        this.#closeBatch();
        await this.#exportClosed();
      }
      this.#exporting = undefined;
      if (this.#closed.length > 0) this.#exportIn(this.#retryDelayMs);
    });
    await this.#exporting;
  }

  /** Accepts no more spans, and exports the remaining ones once, without retries. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  /** Drops all spans in the queue. */
  discard(): void {
    this.#closeBatch();
    for (const batch of this.#closed.splice(0)) {
      this.dropped += batch.count;
      batch.clear();
    }
  }

  #takeSpare(): SpanBatch | undefined {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare;
  }

  #closeBatch(): void {
    if (!this.#batch) return;
    this.#batch.close(this.#options.suffix);
    if (this.#closed.length > 0) this.#batch.trim();
    this.#closed.push(this.#batch);
    this.#batch = undefined;
  }

  #exportIn(delayMs: number): void {
    if (this.#exporting || this.#stopped) return; // a running export schedules the next one
    const waitMs = Math.max(delayMs, this.#notBefore - performance.now());
    if (waitMs > 0) this.#timer ??= setTimeout(() => this.#exportAll(), waitMs);
    else this.#exportAll();
  }

  #exportAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // While older batches wait, the current one is filled: many small batches would take too long.
    if (this.#closed.length === 0) this.#closeBatch();
    this.#exporting ??= this.#exportClosed().then((isEmpty) => {
      this.#exporting = undefined;
      if (!isEmpty) this.#exportIn(this.#retryDelayMs);
      else if (this.#batch) this.#exportIn(MAX_DELAY_MS);
    });
  }

  /** Exports closed batches in order, and returns whether none is left. */
  async #exportClosed(): Promise<boolean> {
    for (let batch = this.#closed[0]; batch; batch = this.#closed[0]) {
      if (!await this.#export(batch)) return false;
    }
    return true;
  }

  /** Sends the oldest batch, and returns false if it must be retried. */
  async #export(batch: SpanBatch): Promise<boolean> {
    const { fetch, target, log } = this.#options;
    const outcome = await exportJson({ target, body: batch.body, fetch });
    log.report(outcome.problem);
    this.#retryDelayMs = Math.max(RETRY_DELAY_MS, outcome.retryAfterMs);
    this.#notBefore = outcome.retry ? performance.now() + this.#retryDelayMs : -Infinity;
    if (outcome.retry) return false;
    this.dropped += Math.min(outcome.rejected, batch.count); // a retry would be rejected again
    this.#closed.shift();
    batch.clear(); // fetch has copied the body (Fetch standard, extract a body)
    this.#spare = batch;
    return true;
  }
}
