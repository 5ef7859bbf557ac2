import {
  configure,
  dispose,
  type LogLevel,
  type LogRecord,
  type Sink,
  type TextFormatter,
  withFilter,
} from "@logtape/logtape";
import { LineWriter, type WriteBytes } from "./line_writer.ts";
import { jsonLine, readableLine } from "./log_format.ts";

/** Options of {@linkcode setupLogs}. */
export interface LogOptions {
  level: Exclude<LogLevel, "trace" | "fatal">;
  /** `json`: one object per line; `text`: for reading in a terminal; or a function, for a line. */
  format: "json" | "text" | TextFormatter;
  /** Writes the lines. It is called again after a failure: a named pipe may get a new reader. */
  write: WriteBytes;
  /** Receives each record beside that. Default: nothing does. */
  exporter?: { add(record: LogRecord): void; close(): Promise<void> } | undefined;
}

const FORMATTERS = { json: jsonLine, text: readableLine };

/** Number of lines dropped because the reader of the log was slow or had closed it. */
export let droppedLines = 0;

/** The configured log. */
export interface LogOutput {
  /** Writes a record if its level is enabled. */
  readonly sink: Sink;
  /** Writes the buffered lines and closes the log. */
  close(): Promise<void>;
}

/** Configures LogTape to write the gateway's log with `write`. */
export async function setupLogs(
  { level, format, write, exporter }: LogOptions,
): Promise<LogOutput> {
  const formatted = typeof format === "function" ? format : FORMATTERS[format];
  const writer = new LineWriter(write, (lines) => droppedLines += lines);
  const sink: Sink & AsyncDisposable = Object.assign(
    (record: LogRecord) => {
      writer.add(formatted(record));
      exporter?.add(record);
    },
    {
      async [Symbol.asyncDispose]() {
        await Promise.all([writer.close(), exporter?.close()]);
      },
    },
  );
  await configure({
    reset: true,
    sinks: { output: sink },
    loggers: [
      { category: ["sms-gateway"], sinks: ["output"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["output"], lowestLevel: "error" },
    ],
  });
  return { sink: withFilter(sink, level), close: dispose };
}
