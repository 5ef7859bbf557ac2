import type { LogRecord } from "@logtape/logtape";
import { memoizeLast } from "./memoize_last.ts";

/** Formats a log record as one JSON object on one line. */
export function jsonLine({ timestamp, level, rawMessage, properties }: LogRecord): string {
  const message = JSON.stringify(String(rawMessage));
  const head = `{"time":"${isoTime(timestamp)}","level":"${level}","message":${message}`;
  const members = JSON.stringify(properties); // spreading them into an object costs half as much again
  return escaped(members === "{}" ? `${head}}` : `${head},${members.slice(1)}`);
}

/**
 * Escapes DEL, C1 control characters and line separators, which JSON does not require (RFC 8259 §7):
 * terminals interpret them, and some readers treat them as the end of a line.
 */
function escaped(json: string): string {
  return UNESCAPED.test(json) ? json.replace(new RegExp(UNESCAPED, "g"), unicodeEscape) : json;
}

const UNESCAPED = /[\x7f-\x9f\u2028\u2029]/;

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** A time in ISO 8601; memoized, since under load successive lines share their millisecond. */
const isoTime = memoizeLast((timestamp: number) => new Date(timestamp).toISOString());

/** Formats a log record as text, for reading in a terminal. */
export function readableLine(record: LogRecord): string {
  const { timestamp, level, rawMessage, properties } = record;
  const time = new Date(timestamp).toISOString().slice(11, 23);
  if (record.category.at(-1) !== "access") {
    const details = Object.entries(properties).map(([name, value]) => ` ${name}=${value}`).join("");
    return withoutControls(`${time} ${level.padEnd(7)} ${rawMessage}${details}`);
  }
  const { status, method, route, code, origin, fault, request_id, trace_id } = properties;
  const outcome = code ? `${code} (refused by ${origin}, fault: ${fault})` : "ok";
  return withoutControls(
    `${time} ${status} ${outcome} ${method} ${route} ${
      timing(properties)
    } id ${request_id} trace ${trace_id}`,
  );
}

/** Replaces control characters, which a terminal would interpret, with question marks. */
function withoutControls(line: string): string {
  // deno-lint-ignore no-control-regex -- replaces control characters
  return line.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, "?");
}

function timing({ duration_ms, upstream_duration_ms }: Record<string, unknown>): string {
  const upstream = upstream_duration_ms === undefined ? "" : `, SMS API ${upstream_duration_ms} ms`;
  return `${duration_ms} ms${upstream}`;
}
