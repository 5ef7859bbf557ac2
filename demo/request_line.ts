import type { LogRecord, TextFormatter } from "@logtape/logtape";
import { readableLine } from "../telemetry/log_format.ts";

/**
 * Formats the log for the demo: a finished request as one line that ends with the address of its
 * trace, and every other record as usual.
 *
 * @param traceUrl returns the address of a trace
 */
export function demoLine(traceUrl: (traceId: string) => string): TextFormatter {
  return function demoLine(record) {
    if (record.category.at(-1) !== "access") return readableLine(record);
    return `${requestLine(record)} ${traceUrl(String(record.properties.trace_id))}`;
  };
}

function requestLine({ timestamp, properties }: LogRecord): string {
  const { method, route, status, code, origin, fault, duration_ms } = properties;
  const time = new Date(timestamp).toISOString().slice(11, 23);
  const outcome = code ? `${code} (refused by ${origin}, fault: ${fault})` : "ok";
  return `${time} ${method} ${route} ${status} ${outcome} ${Number(duration_ms).toFixed(1)} ms`;
}
