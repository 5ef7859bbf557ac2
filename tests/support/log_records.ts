import { configure, type LogRecord } from "@logtape/logtape";

/** Collects what the gateway logs from now on; `reset` of LogTape, or the next call, ends it. */
export async function recordLogs(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { records: (record) => void records.push(record) },
    loggers: [
      { category: "sms-gateway", sinks: ["records"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  return records;
}
