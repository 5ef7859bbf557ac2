import { configure, dispose, type LogLevel, type Sink, withFilter } from "@logtape/logtape";
import { atMost } from "../limits/deadlines.ts";
import { jsonLine, readableLine } from "./logs.ts";

/** Options of {@linkcode setupLogs}. */
export interface LogOptions {
  level: Exclude<LogLevel, "trace" | "fatal">;
  /** `json`: an object per line; `text`: for a person. */
  format: "json" | "text";
  /** Where the lines go. */
  output: WritableStream<Uint8Array<ArrayBuffer>>;
}

/** Lines wait at most this long, in ms: a write per line would cost more than the line. */
const FLUSH_INTERVAL_MS = 50;

/** Lines are written at once when this many characters wait. */
const FLUSH_SIZE = 64 * 1024;

/** While the reader of the log is this far behind, lines are dropped rather than memory filled. */
const MAX_BACKLOG = 16 * 1024 * 1024;

/** What nobody reads keeps the process from ending no longer than this, in ms. */
const CLOSE_TIMEOUT_MS = 300;

/** Lines that were dropped because nobody read them. */
export let droppedLines = 0;

/** Where log records go. */
export interface LogOutput {
  /** Takes a record, if its level is to be logged. */
  readonly sink: Sink;
  /** Writes what waits, and ends the log. */
  close(): Promise<void>;
}

/** Sends the gateway's log to `output`. */
export async function setupLogs({ level, format, output }: LogOptions): Promise<LogOutput> {
  const formatter = format === "json" ? jsonLine : readableLine;
  const sink = batchingSink(output, formatter);
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

/** A sink that formats at once, so that nothing is held, and writes in batches. */
function batchingSink(
  output: LogOptions["output"],
  format: typeof jsonLine,
): Sink & AsyncDisposable {
  const writer = output.getWriter();
  const encoder = new TextEncoder();
  let waiting = "";
  let backlog = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const bytes = encoder.encode(waiting);
    waiting = "";
    backlog += bytes.byteLength;
    await writer.write(bytes).catch(() => {}); // a closed log must not stop a message
    backlog -= bytes.byteLength;
  }

  const sink: Sink = (record) => {
    if (backlog > MAX_BACKLOG) return void droppedLines++;
    waiting += format(record) + "\n";
    if (waiting.length >= FLUSH_SIZE) void flush();
    else timer ??= setTimeout(flush, FLUSH_INTERVAL_MS);
  };
  return Object.assign(sink, { [Symbol.asyncDispose]: () => atMost(CLOSE_TIMEOUT_MS, flush()) });
}
