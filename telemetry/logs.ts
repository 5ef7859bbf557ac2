import type { LogLevel, LogRecord, Sink } from "@logtape/logtape";
import type { Exchange } from "../exchange.ts";
import { safeCode, safePath } from "./attributes.ts";
import { rememberLast } from "./remember_last.ts";
import type { ExchangeObserver } from "./server_span.ts";

/**
 * What is said of a request. An allow-list by construction: what has no member here, such as
 * a token, a body, a query or a header, cannot be logged. A type and not an interface, since
 * only so it is a `Record<string, unknown>` without being copied.
 */
export type AccessRecord = {
  readonly request_id: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly subject: string | undefined;
  readonly service_plan: string | undefined;
  readonly method: string;
  /** The route template, or for an unknown path the words of it that are safe to show. */
  readonly route: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly origin: string | undefined;
  readonly upstream_status: number | undefined;
  readonly duration_ms: number;
  /** Sum over all attempts. */
  readonly upstream_duration_ms: number | undefined;
  /** How often it was sent upstream. */
  readonly attempts: number;
  /** Bytes of the request's and of the answer's body. */
  readonly bytes_in: number;
  readonly bytes_out: number | undefined;
};

/** The record of a finished exchange. */
export function accessRecord(exchange: Exchange, durationMs: number): AccessRecord {
  const { failure, route, attempts } = exchange;
  const { traceId, spanId } = exchange.span.spanContext();
  return {
    request_id: exchange.requestId,
    trace_id: traceId,
    span_id: spanId,
    subject: exchange.principal?.subject,
    service_plan: exchange.servicePlanId,
    method: /^[A-Z]{1,16}$/.test(exchange.method) ? exchange.method : "_OTHER",
    route: route ?? safePath(exchange.rawPath, false),
    status: exchange.status ?? 0,
    code: failure && safeCode(failure.code),
    origin: failure?.origin,
    upstream_status: attempts.at(-1)?.status,
    duration_ms: rounded(durationMs),
    upstream_duration_ms: attempts.length > 0
      ? rounded(attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0))
      : undefined,
    attempts: attempts.length,
    bytes_in: exchange.body?.byteLength ?? 0,
    bytes_out: exchange.bytesOut,
  };
}

/** Success is news for nobody; a refusal concerns the caller; a 5xx concerns the operator. */
export function levelOf(status: number): Extract<LogLevel, "info" | "warning" | "error"> {
  if (status < 400) return "info";
  return status < 500 ? "warning" : "error";
}

/**
 * One record per request. It goes to the sink as it is, past the logger: there is no template
 * in it to be searched and nothing to be resolved, which would cost more than writing it.
 */
export function accessLog(sink: Sink): ExchangeObserver {
  return {
    finished(exchange, durationMs) {
      const properties = accessRecord(exchange, durationMs);
      sink({
        category: ["sms-gateway", "access"],
        timestamp: Date.now(),
        level: levelOf(exchange.failure?.status ?? properties.status),
        message: ["request"],
        rawMessage: "request",
        properties,
      });
    },
  };
}

/** A log record as one JSON object in one line. */
export function jsonLine({ timestamp, level, rawMessage, properties }: LogRecord): string {
  const time = isoTime(timestamp);
  return JSON.stringify({ time, level, message: String(rawMessage), ...properties });
}

/** A time in ISO 8601; under load most lines share their millisecond with the one before. */
const isoTime = rememberLast((timestamp: number) => new Date(timestamp).toISOString());

/** A log record for a person at a terminal. */
export function readableLine({ timestamp, level, rawMessage, properties }: LogRecord): string {
  const time = new Date(timestamp).toISOString().slice(11, 23);
  if (rawMessage !== "request") {
    const details = Object.entries(properties).map(([name, value]) => ` ${name}=${value}`).join("");
    return `${time} ${level.padEnd(7)} ${rawMessage}${details}`;
  }
  const { status, method, route, code, origin, request_id, trace_id } = properties;
  const said = code ? `${code} (refused by ${origin})` : "ok";
  return `${time} ${status} ${said} ${method} ${route} ${
    timing(properties)
  } id ${request_id} trace ${trace_id}`;
}

function timing({ duration_ms, upstream_duration_ms }: Record<string, unknown>): string {
  const upstream = upstream_duration_ms === undefined ? "" : `, SMS API ${upstream_duration_ms} ms`;
  return `${duration_ms} ms${upstream}`;
}

/** Microseconds are as fine as the clock is. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
