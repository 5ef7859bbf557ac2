import type { LogRecord } from "@logtape/logtape";
import type { OtlpTarget } from "../config.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { atMost } from "../limits/deadlines.ts";
import { ExportLog } from "./export_log.ts";
import { ExportQueue } from "./export_queue.ts";
import { encodeAttributes } from "./otlp_json.ts";
import { encodeLogRecord } from "./otlp_log_json.ts";

/** Options of {@linkcode LogExporter}. */
export interface LogExporterOptions {
  /** The collector's endpoint for logs; it may be changed later. */
  target: OtlpTarget;
  /** Attributes of the resource: those of the spans. */
  resource: Readonly<Record<string, string>>;
  /** Default: the global `fetch`. */
  fetch?: typeof fetch;
}

/** Maximum size of the log lines that wait for the collector, in bytes: as for standard output. */
export const MAX_WAITING_RECORD_BYTES = 8 * 1024 * 1024;

/** Longest time that a collector that does not respond may delay the exit, in ms. */
const CLOSE_TIMEOUT_MS = 300;

/**
 * Exports log records as OTLP/HTTP JSON, through the same queue as spans: in batches, with retries,
 * bounded by bytes.
 */
export class LogExporter {
  readonly #queue: ExportQueue;

  constructor({ target, resource, fetch = globalThis.fetch }: LogExporterOptions) {
    const prefix = `{"resourceLogs":[{"resource":{"attributes":${encodeAttributes(resource)}},` +
      `"scopeLogs":[{"scope":{"name":"sms-gateway"},"logRecords":[`;
    this.#queue = new ExportQueue({
      target,
      prefix,
      suffix: "]}]}]}",
      fetch,
      log: new ExportLog("logs", target.url),
      budget: new ByteBudget(MAX_WAITING_RECORD_BYTES),
    });
  }

  /** Number of records dropped because the collector was down, slow, or rejected them. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  add(record: LogRecord): void {
    this.#queue.add(encodeLogRecord(record));
  }

  /** Tries to export all records. */
  flush(): Promise<void> {
    return this.#queue.flush();
  }

  /** Exports the remaining records once, and drops those that are not accepted in time. */
  async close(): Promise<void> {
    await atMost(CLOSE_TIMEOUT_MS, this.#queue.stop());
    this.#queue.discard();
  }
}
