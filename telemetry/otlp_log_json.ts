import type { LogLevel, LogRecord } from "@logtape/logtape";
import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { encodeAttributes } from "./otlp_json.ts";

/** Level → OTLP `SeverityNumber` (opentelemetry-proto, logs.proto). */
const SEVERITY: Readonly<Record<LogLevel, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warning: 13,
  error: 17,
  fatal: 21,
};

/**
 * Encodes a log record as the JSON of an OTLP `LogRecord`. Its attributes are the members of the
 * JSON line; `trace_id` and `span_id` become the fields that link it to its trace.
 */
export function encodeLogRecord({ timestamp, level, rawMessage, properties }: LogRecord): string {
  const { trace_id, span_id, ...others } = properties;
  const nanos = `${Math.trunc(timestamp)}000000`;
  return `{"timeUnixNano":"${nanos}","observedTimeUnixNano":"${nanos}"` +
    `,"severityNumber":${SEVERITY[level]},"severityText":"${level.toUpperCase()}"` +
    `,"body":{"stringValue":${JSON.stringify(String(rawMessage))}}` +
    `,"attributes":${encodeAttributes(attributesOf(others))}` +
    (isHex(trace_id, 32) ? `,"traceId":"${trace_id}"` : "") +
    (isHex(span_id, 16) ? `,"spanId":"${span_id}"` : "") +
    "}";
}

function attributesOf(properties: Readonly<Record<string, unknown>>): Attributes {
  const attributes: Attributes = {};
  for (const name in properties) {
    const value = properties[name];
    if (value !== undefined && value !== null) attributes[name] = attributeValue(value);
  }
  return attributes;
}

function attributeValue(value: unknown): AttributeValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isHex(id: unknown, length: number): id is string {
  return typeof id === "string" && id.length === length && /^[0-9a-f]+$/.test(id);
}
