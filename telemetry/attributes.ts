import type { Attributes } from "@opentelemetry/api";
import { OPERATIONS } from "../operations.ts";
import type { Failure } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";

/** Our own attribute names; all other names are from the HTTP semantic conventions 1.44. */
export const ATTR = {
  errorCode: "sms_gateway.error.code",
  errorOrigin: "sms_gateway.error.origin",
  errorFault: "sms_gateway.error.fault",
  authReason: "sms_gateway.auth.reason",
  unverifiedSubject: "sms_gateway.auth.unverified_subject",
  pathProblem: "sms_gateway.path.problem",
  servicePlanId: "sms_gateway.service_plan_id",
  requestId: "sms_gateway.request_id",
  idempotency: "sms_gateway.idempotency",
  batchId: "sms_gateway.batch_id",
  callbackType: "sms_gateway.callback.type",
  callbackOutcome: "sms_gateway.callback.outcome",
  callbackRefusal: "sms_gateway.callback.refusal",
  callbackRelay: "sms_gateway.callback.relay",
  deliveryStatus: "sms_gateway.delivery.status",
  deliveryCode: "sms_gateway.delivery.code",
  deliveryCodeName: "sms_gateway.delivery.code_name",
  sinceSend: "sms_gateway.delivery.since_send_s",
  oauthClientId: "sms_gateway.oauth.client_id",
  oauthOutcome: "sms_gateway.oauth.outcome",
  policy: "sms_gateway.policy.name",
  policyMode: "sms_gateway.policy.mode",
  policyViolations: "sms_gateway.policy.violations",
  subject: "enduser.id",
} as const;

/** Replaces a value that must not be recorded, as the semantic conventions recommend. */
export const REDACTED = "REDACTED";

/** Methods that are recorded unchanged (semantic conventions, `http.request.method`). */
const KNOWN_METHODS: ReadonlySet<string> = new Set(
  ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"],
);

/** The literal segments of the route templates: never personal data. */
const LITERAL_SEGMENTS: ReadonlySet<string> = new Set(
  OPERATIONS.flatMap(({ path }) => path.split("/")).filter((segment) => !segment.startsWith("{")),
);

/** Query parameters of the API. Other names are redacted: they may hold anything. */
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
 * Longest path or query that is recorded, in characters. A request line may have 64 KiB, redaction
 * can make it ten times as long, and spans are kept in memory until they are exported.
 */
const MAX_LENGTH = 1_024;

/** As many digits as the shortest phone number has, alone or within an identifier. */
const MAYBE_NUMBER = /\d(?:[-_]?\d){6}/;

/** Identifiers that are generated, and can have as many digits in a row: ULID, UUID, hex digits. */
const GENERATED_ID =
  /^(?=.*[a-z])(?:[0-9a-hjkmnp-tv-z]{26}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24}|[0-9a-f]{32})$/i;

/** A cheap first test for segments that are redacted: most paths have none. */
const MAYBE_PRIVATE = /\/delivery_report\/|\d(?:[-_]?\d){6}/;

/** The attributes of the upstream's address, for CLIENT spans and metrics. */
export function upstreamAttributes({ hostname, port, protocol }: URL): Attributes {
  return {
    "server.address": hostname,
    "server.port": Number(port) || (protocol === "https:" ? 443 : 80),
  };
}

/** A request method as an attribute value: a known method, or `_OTHER`. */
export function knownMethod(method: string): string {
  return KNOWN_METHODS.has(method) ? method : "_OTHER";
}

/** The method as received, or `REDACTED`, where {@linkcode knownMethod} gives `_OTHER`. */
export function originalMethod(method: string): string | undefined {
  if (KNOWN_METHODS.has(method)) return undefined;
  return /^[A-Z]{1,32}$/i.test(method) ? method : REDACTED;
}

/**
 * A raw path that is safe to record: recipients are redacted. A path without a route may hold
 * anything: of that, only literal segments of the API's paths are kept.
 *
 * @param matched whether the path has a route
 */
export function safePath(rawPath: string, matched: boolean): string {
  // Redacted before it is truncated: a truncated phone number would not be recognized.
  if (matched) {
    if (!MAYBE_PRIVATE.test(rawPath)) return truncated(rawPath);
    const isSafe = (segment: string, index: number, all: readonly string[]) =>
      all[index - 1] !== "delivery_report" && !mayBeNumber(segment);
    return truncated(redactedPath(rawPath, isSafe));
  }
  return truncated(redactedPath(truncated(rawPath), (segment) => LITERAL_SEGMENTS.has(segment)));
}

/** A path whose segments are replaced unless `isSafe`. */
function redactedPath(
  path: string,
  isSafe: (segment: string, index: number, all: readonly string[]) => boolean,
): string {
  const segments = path.split("/");
  return segments.map((one, index) => isSafe(one, index, segments) ? one : REDACTED).join("/");
}

/** Whether an identifier may be a phone number, or have one in it. */
function mayBeNumber(id: string): boolean {
  return MAYBE_NUMBER.test(id) && !GENERATED_ID.test(id);
}

/** A query with all values redacted, and all names that are not parameters of the API. */
export function safeQuery(rawQuery: string): string {
  const safe = truncated(rawQuery).split("&").map((pair) => {
    const name = pair.split("=", 1)[0] ?? "";
    return `${QUERY_NAMES.has(name) ? name : REDACTED}=${REDACTED}`;
  });
  return truncated(safe.join("&"));
}

/**
 * The failure that ended a streamed response after its headers; undefined where there was none, or
 * the caller caused it.
 */
export function failureAfterHeaders({ status, failure }: Exchange): Failure | undefined {
  return failure && failure.status >= 500 && failure.status !== status ? failure : undefined;
}

/**
 * A text, truncated to {@linkcode MAX_LENGTH} characters; half a surrogate pair is replaced, for
 * which collectors refuse a whole batch.
 */
export function truncated(text: string): string {
  return (text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text).toWellFormed();
}

/** A host name, or `REDACTED` where it may be a phone number or a token: callers choose it. */
export function safeHost(host: string): string {
  return /\d{7}|^eyJ/.test(host) ? REDACTED : host;
}

/** An id of the API, or `REDACTED` where it may be a phone number. */
export function safeId(id: string): string {
  return mayBeNumber(id) ? REDACTED : truncated(id);
}

/** An error code, or `_OTHER` where it does not look like one or may hold a phone number. */
export function safeCode(code: string): string {
  return /^[A-Za-z][\w.:-]{0,63}$/.test(code) && !/\d{7}/.test(code) ? code : "_OTHER";
}
