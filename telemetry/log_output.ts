import { configure, dispose, type LogLevel, type Sink, withFilter } from "@logtape/logtape";
import { LineWriter, type WriteBytes } from "./line_writer.ts";
import { jsonLine, readableLine } from "./logs.ts";

/** Options of {@linkcode setupLogs}. */
export interface LogOptions {
  level: Exclude<LogLevel, "trace" | "fatal">;
  /** `json`: an object per line; `text`: for a person. */
  format: "json" | "text";
  /** Where the lines go. It is tried again after a failure: a named pipe may get a new reader. */
  write: WriteBytes;
}

/** Lines that were not written: their reader was too slow, or had closed the log. */
export let droppedLines = 0;

/** Where log records go. */
export interface LogOutput {
  /** Takes a record, if its level is to be logged. */
  readonly sink: Sink;
  /** Writes what waits, and ends the log. */
  close(): Promise<void>;
}

/** Sends the gateway's log to `write`. */
export async function setupLogs({ level, format, write }: LogOptions): Promise<LogOutput> {
  const formatted = format === "json" ? jsonLine : readableLine;
  const writer = new LineWriter(write, (lines) => droppedLines += lines);
  const sink: Sink & AsyncDisposable = Object.assign(
    (record: Parameters<Sink>[0]) => writer.add(formatted(record)),
    { [Symbol.asyncDispose]: () => writer.close() },
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
