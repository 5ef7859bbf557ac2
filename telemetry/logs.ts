import type { LogLevel, LogRecord, Sink } from "@logtape/logtape";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import type { Exchange } from "../exchange.ts";
import { bounded, safeCode, safePath } from "./attributes.ts";
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
  /** Whose action resolves the failure: `caller`, `gateway`, `upstream` or `issuer`. */
  readonly fault: string | undefined;
  /** Why a token was refused. */
  readonly auth_reason: string | undefined;
  /** The `sub` of an expired token; nobody has proved that it is still theirs. */
  readonly unverified_subject: string | undefined;
  /** What is wrong with a path that is none of the API's, where that can be told. */
  readonly path_problem: string | undefined;
  readonly upstream_status: number | undefined;
  /** Why the last attempt got no answer, in fixed words, where that can be told. */
  readonly upstream_cause: string | undefined;
  readonly duration_ms: number;
  /** Sum over all attempts. */
  readonly upstream_duration_ms: number | undefined;
  /** How often it was sent upstream. */
  readonly attempts: number;
  /** Bytes of the request's and of the answer's body. */
  readonly bytes_in: number;
  readonly bytes_out: number | undefined;
};

/** Category of the records of requests. */
const ACCESS = ["sms-gateway", "access"];

/** The record of a finished exchange. */
export function accessRecord(exchange: Exchange, durationMs: number): AccessRecord {
  const { failure, route, attempts, thrown } = exchange;
  const refusal = thrown instanceof AuthRefusal ? thrown : undefined;
  const { traceId, spanId } = exchange.span.spanContext();
  return {
    request_id: exchange.requestId,
    trace_id: traceId,
    span_id: spanId,
    subject: boundedSubject(exchange.principal?.subject),
    service_plan: exchange.servicePlanId,
    method: /^[A-Z]{1,16}$/.test(exchange.method) ? exchange.method : "_OTHER",
    route: route ?? safePath(exchange.rawPath, false),
    status: exchange.status ?? 0,
    code: failure && safeCode(failure.code),
    origin: failure?.origin,
    fault: failure?.fault,
    auth_reason: refusal?.reason,
    unverified_subject: refusal?.unverifiedSubject,
    path_problem: exchange.pathProblem,
    upstream_status: attempts.at(-1)?.status,
    upstream_cause: attempts.at(-1)?.cause,
    duration_ms: rounded(durationMs),
    upstream_duration_ms: attempts.length > 0
      ? rounded(attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0))
      : undefined,
    attempts: attempts.length,
    bytes_in: exchange.body?.byteLength ?? 0,
    bytes_out: exchange.bytesOut,
  };
}

/** A subject may be as long as its token; lines wait in memory for their reader. */
function boundedSubject(subject: string | undefined): string | undefined {
  return subject === undefined ? undefined : bounded(subject);
}

/** Success is news for nobody; a refusal concerns the caller; a 5xx concerns the operator. */
export function levelOf(status: number): Extract<LogLevel, "info" | "warning" | "error"> {
  if (status < 400) return "info";
  return status < 500 ? "warning" : "error";
}

/**
 * One record per request, named by its method, route and status. It goes straight to the sink and
 * not through the logger, whose search for placeholders would cost more than writing the line.
 */
export function accessLog(sink: Sink): ExchangeObserver {
  return {
    finished(exchange, durationMs) {
      const properties = accessRecord(exchange, durationMs);
      const { method, route, status } = properties;
      const message = `${method} ${route} ${status}`;
      sink({
        category: ACCESS,
        timestamp: Date.now(),
        level: levelOf(exchange.failure?.status ?? status),
        message: [message],
        rawMessage: message,
        properties,
      });
    },
  };
}

/** A log record as one JSON object in one line. */
export function jsonLine({ timestamp, level, rawMessage, properties }: LogRecord): string {
  const time = isoTime(timestamp);
  return escaped(JSON.stringify({ time, level, message: String(rawMessage), ...properties }));
}

/**
 * JSON leaves DEL, C1 controls and line separators as they are (RFC 8259 §7), which a terminal acts
 * on and some readers take for the end of a line.
 */
function escaped(json: string): string {
  return UNESCAPED.test(json) ? json.replace(new RegExp(UNESCAPED, "g"), unicodeEscape) : json;
}

const UNESCAPED = /[\x7f-\x9f\u2028\u2029]/;

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A time in ISO 8601; under load most lines share their millisecond with the one before. */
const isoTime = rememberLast((timestamp: number) => new Date(timestamp).toISOString());

/** A log record for a person at a terminal. */
export function readableLine(record: LogRecord): string {
  const { timestamp, level, rawMessage, properties } = record;
  const time = new Date(timestamp).toISOString().slice(11, 23);
  if (record.category.at(-1) !== "access") {
    const details = Object.entries(properties).map(([name, value]) => ` ${name}=${value}`).join("");
    return withoutControls(`${time} ${level.padEnd(7)} ${rawMessage}${details}`);
  }
  const { status, method, route, code, origin, fault, request_id, trace_id } = properties;
  const said = code ? `${code} (refused by ${origin}, fault: ${fault})` : "ok";
  return withoutControls(
    `${time} ${status} ${said} ${method} ${route} ${
      timing(properties)
    } id ${request_id} trace ${trace_id}`,
  );
}

/** What a terminal would act on, as a question mark. */
function withoutControls(line: string): string {
  // deno-lint-ignore no-control-regex -- controls are what is replaced
  return line.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, "?");
}

function timing({ duration_ms, upstream_duration_ms }: Record<string, unknown>): string {
  const upstream = upstream_duration_ms === undefined ? "" : `, SMS API ${upstream_duration_ms} ms`;
  return `${duration_ms} ms${upstream}`;
}

/** Microseconds are as fine as the clock is. */
function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
