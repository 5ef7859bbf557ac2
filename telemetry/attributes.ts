import type { Attributes, AttributeValue } from "@opentelemetry/api";
import { TransportError } from "../errors/transport_error.ts";
import { OPERATIONS } from "../operations.ts";
import { type Failure, GatewayError } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";

/** Names of our own; all others are of the HTTP semantic conventions 1.44. */
export const ATTR = {
  errorCode: "sms_gateway.error.code",
  errorOrigin: "sms_gateway.error.origin",
  errorFault: "sms_gateway.error.fault",
  authReason: "sms_gateway.auth.reason",
  unverifiedSubject: "sms_gateway.auth.unverified_subject",
  pathProblem: "sms_gateway.path.problem",
  servicePlanId: "sms_gateway.service_plan_id",
  requestId: "sms_gateway.request_id",
  subject: "enduser.id",
} as const;

/** Stands in for a value that must not be seen, as the semantic conventions suggest. */
export const REDACTED = "REDACTED";

/** Methods that are attribute values as they are (semantic conventions, `http.request.method`). */
const KNOWN_METHODS: ReadonlySet<string> = new Set(
  ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
);

/** Words of our paths, which are safe to show wherever they stand. */
const PATH_WORDS: ReadonlySet<string> = new Set(
  OPERATIONS.flatMap(({ path }) => path.split("/")).filter((word) => !word.startsWith("{")),
);

/** Query parameters of the API; the names of others may be anything, so they are not shown. */
const QUERY_NAMES: ReadonlySet<string> = new Set([
  "page",
  "page_size",
  "from",
  "to",
  "start_date",
  "end_date",
  "client_reference",
  "type",
  "status",
  "code",
  "per_recipient",
  "number_of_recipients",
]);

/**
 * Longest value that is recorded, in characters. A request line may have 64 KiB, of which
 * redaction would make ten times as much, and spans wait in memory for their collector.
 */
const MAX_LENGTH = 1_024;

/** A recipient, or a bare number that may be somebody's where an identifier is expected. */
const PRIVATE_SEGMENT = /(?<=\/delivery_report\/)[^/]+|(?<=\/)\d{7,15}(?=\/|$)/g;

/** What every path with such a segment has, found at a fraction of the cost; most have none. */
const MAYBE_PRIVATE = /\/delivery_report\/|\/\d{7}/;

/** Where requests to the upstream go, for their spans and metrics. */
export function upstreamAttributes({ hostname, port, protocol }: URL): Attributes {
  return {
    "server.address": hostname,
    "server.port": Number(port) || (protocol === "https:" ? 443 : 80),
  };
}

/** A request method as an attribute value: one of the known ones, or `_OTHER`. */
export function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : "_OTHER";
}

/** What came where the method is `_OTHER`, as far as it may be shown; else undefined. */
export function originalMethod(method: string): string | undefined {
  if (KNOWN_METHODS.has(method)) return undefined;
  return /^[A-Z]{1,32}$/i.test(method) ? method : REDACTED;
}

/**
 * A raw path that is safe to record: recipients are redacted, and of a path that is not in
 * the table (`matched` false), which may hold anything, only the known words stay.
 */
export function safePath(rawPath: string, matched: boolean): string {
  // Cut only after numbers are redacted: the beginning of one would not look like one.
  if (matched) {
    const isSafe = !MAYBE_PRIVATE.test(rawPath);
    return bounded(isSafe ? rawPath : rawPath.replace(PRIVATE_SEGMENT, REDACTED));
  }
  const words = bounded(rawPath).split("/");
  return bounded(words.map((word) => PATH_WORDS.has(word) ? word : REDACTED).join("/"));
}

/** A query with every value redacted, and every name that is not the API's. */
export function safeQuery(rawQuery: string): string {
  const safe = bounded(rawQuery).split("&").map((pair) => {
    const name = pair.split("=", 1)[0] ?? "";
    return `${QUERY_NAMES.has(name) ? name : REDACTED}=${REDACTED}`;
  });
  return bounded(safe.join("&"));
}

/** What broke a streamed answer off after its headers, where that was not the caller's doing. */
export function brokenOffBy({ status, failure }: Exchange): Failure | undefined {
  return failure && failure.status >= 500 && failure.status !== status ? failure : undefined;
}

/** The beginning of a text, as much of it as is recorded. */
export function bounded(text: string): string {
  return text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text;
}

/** An unknown code is recorded only if it looks like a code and holds no phone number. */
export function safeCode(code: string): string {
  return /^[A-Za-z][\w.:-]{0,63}$/.test(code) && !/\d{7}/.test(code) ? code : "_OTHER";
}

/** Codes of foreseen errors whose message quotes what a token says. */
const QUOTING: ReadonlySet<string> = new Set(["ERR_JOSE_NOT_SUPPORTED"]);

/**
 * The exception event of a failure (semantic conventions, exceptions). The message of an
 * error that nobody foresaw may quote what it failed on, so only its type and place are kept.
 */
export function exceptionAttributes(thrown: unknown): Record<string, AttributeValue> {
  const cause = thrown instanceof GatewayError ? thrown.cause : thrown;
  if (!(cause instanceof Error)) return { "exception.type": typeof cause };
  const type = "code" in cause && typeof cause.code === "string" ? cause.code : cause.name;
  if (isForeseen(thrown)) {
    // Without its stack trace: to write one Deno opens the files in it, and ends the process where
    // no file descriptor is left.
    return {
      "exception.type": type,
      ...(!QUOTING.has(type) && { "exception.message": cause.message }),
    };
  }
  const frames = framesOf(cause);
  return {
    "exception.type": type,
    ...(frames && { "exception.stacktrace": `${type}\n${frames}` }),
  };
}

/** The stack without its first lines: they are the message, which may itself look like frames. */
function framesOf({ stack = "", message }: Error): string {
  const end = stack.indexOf(message) + message.length;
  return stack.slice(end).split("\n").filter((line) => line.startsWith("    at ")).join("\n");
}

/** Network failures and judged tokens: their messages are made of fixed words and addresses. */
function isForeseen(thrown: unknown): boolean {
  return thrown instanceof TransportError ||
    (thrown instanceof GatewayError && thrown.failure.code !== "internal_error");
}
