import type { Attributes, AttributeValue, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";

/** Bits of OTLP `Span.flags` and `Span.Link.flags`: whether the other span is remote. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/**
 * Encodes an ended span as the JSON of an OTLP `Span` (opentelemetry-proto, trace.proto). Encoding
 * at once keeps only a short string in memory until the export, not the span with its references.
 */
export function encodeSpan(span: ReadableSpan): string {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const parent = span.parentSpanContext;
  const flags = traceFlags | HAS_IS_REMOTE | (parent?.isRemote ? IS_REMOTE : 0);
  const state = traceState?.serialize();
  return `{"traceId":"${traceId}","spanId":"${spanId}"` +
    (parent ? `,"parentSpanId":"${parent.spanId}"` : "") +
    (state ? `,"traceState":${JSON.stringify(state)}` : "") +
    `,"flags":${flags},"name":${JSON.stringify(span.name)},"kind":${span.kind + 1}` +
    `,"startTimeUnixNano":"${nanos(span.startTime)}","endTimeUnixNano":"${nanos(span.endTime)}"` +
    `,"attributes":${encodeAttributes(span.attributes)}` +
    (span.events.length > 0 ? `,"events":[${span.events.map(encodeEvent).join()}]` : "") +
    (span.links.length > 0 ? `,"links":[${span.links.map(encodeLink).join()}]` : "") +
    `,"status":${encodeStatus(span.status)}}`;
}

/** Encodes attributes as the JSON of a list of OTLP `KeyValue`. */
export function encodeAttributes(attributes: Attributes): string {
  let pairs = "";
  for (const key in attributes) {
    const value = attributes[key];
    if (value === undefined) continue;
    pairs += `${pairs && ","}${encodeKey(key)}${encodeValue(value)}}`;
  }
  return `[${pairs}]`;
}

/** Attribute key → its JSON. Bounded: keys never come from received data. */
const encodedKeys = new Map<string, string>();

function encodeKey(key: string): string {
  let encoded = encodedKeys.get(key);
  if (encoded === undefined) {
    encoded = `{"key":${JSON.stringify(key)},"value":`;
    encodedKeys.set(key, encoded);
  }
  return encoded;
}

function encodeValue(value: AttributeValue | null | undefined): string {
  if (typeof value === "string") return `{"stringValue":${JSON.stringify(value)}}`;
  if (typeof value === "boolean") return `{"boolValue":${value}}`;
  if (typeof value === "number") {
    return Number.isInteger(value) ? `{"intValue":${value}}` : `{"doubleValue":${value}}`;
  }
  return `{"arrayValue":{"values":[${(value ?? []).map((item) => encodeValue(item)).join()}]}}`;
}

function encodeEvent({ name, time, attributes = {} }: ReadableSpan["events"][number]): string {
  return `{"timeUnixNano":"${nanos(time)}","name":${JSON.stringify(name)}` +
    `,"attributes":${encodeAttributes(attributes)}}`;
}

function encodeLink({ context, attributes = {} }: ReadableSpan["links"][number]): string {
  const { traceId, spanId, traceFlags, traceState, isRemote } = context;
  const state = traceState?.serialize();
  // Without HAS_IS_REMOTE it is unknown whether the span is of another process.
  const remote = isRemote === undefined ? 0 : HAS_IS_REMOTE | (isRemote ? IS_REMOTE : 0);
  return `{"traceId":"${traceId}","spanId":"${spanId}"` +
    (state ? `,"traceState":${JSON.stringify(state)}` : "") +
    `,"attributes":${encodeAttributes(attributes)},"flags":${traceFlags | remote}}`;
}

function encodeStatus({ code, message }: ReadableSpan["status"]): string {
  return message === undefined
    ? `{"code":${code}}`
    : `{"code":${code},"message":${JSON.stringify(message)}}`;
}

function nanos([seconds, nanoseconds]: HrTime): string {
  return `${seconds}${String(nanoseconds).padStart(9, "0")}`;
}
