import { STATUS_TEXT } from "@std/http/status";
import { CATALOG, type CatalogCode, catalogEntry } from "../errors/catalog.ts";
import { type Failure, gatewayFailure } from "../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";
import { adviceFor } from "./failure.ts";
import { headerOf } from "./headers.ts";
import { readProblem, truncated } from "./problem.ts";
import { retryAfterMs } from "./retry_after.ts";

/**
 * An upstream reply with a status of 300 and above; its body is decoded and truncated at the limit.
 */
export interface ErrorReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bytes: Uint8Array;
}

/** Options of {@linkcode normalize}. */
export interface NormalizeOptions {
  /** The request's method, which decides the advice for an unknown outcome. */
  readonly method: string;
  /** The methods of the path, for the `Allow` of a 405. */
  readonly allow: readonly string[];
  /** Removes the gateway's own credentials from a text of the upstream. */
  readonly clean: (text: string) => string;
}

/** Statuses of the API, or of a proxy before it, for requests not processed (RFC 9110 §15.5.9). */
const NOT_PROCESSED: ReadonlySet<number> = new Set([408, 425]);

/** The statuses that the API documents for requests that were not processed. */
const DOCUMENTED: ReadonlySet<number> = new Set([400, 401, 403, 404, 405, 415, 429, 500, 503]);

/** Codes for replies without one, by status. */
const DEFAULT_CODES: Readonly<Record<number, CatalogCode>> = {
  400: "syntax_constraint_violation",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  415: "unsupported_media_type",
  429: "too_many_requests",
  500: "internal_error",
  503: "service_unavailable",
};

/** Maximum length of a text for the caller, in characters; longer ones are truncated. */
const MAX_TEXT_LENGTH = 1_024;

/**
 * Converts an upstream error of any shape to the documented one (contract.md §3), with the
 * catalog's code and text where the reply has none. The status tells whether the request was
 * processed: an unknown outcome is 502, never 503.
 */
export function normalize(reply: ErrorReply, options: NormalizeOptions): Failure {
  const { status } = reply;
  if (status === 401) return credentialsRejected();
  if (NOT_PROCESSED.has(status)) return notProcessed(status);
  if (isOutcomeUnknown(status)) return outcomeUnknown(reply, options);
  return apiError(reply, options);
}

/**
 * Redirects, which are never followed (credential and message would be sent to another host), 499
 * and every undocumented 5xx: a proxy may respond with one after the API received the request.
 */
function isOutcomeUnknown(status: number): boolean {
  return status < 400 || status === 499 || (status >= 500 && !DOCUMENTED.has(status));
}

function notProcessed(upstreamStatus: number): Failure {
  const { meaning, help } = CATALOG.service_unavailable;
  const text = `${meaning} It answered ${upstreamStatus}. ${help}`;
  return { ...upstreamFailure("service_unavailable"), text };
}

/** The text quotes the reply between the catalog's sentence and the advice. */
function outcomeUnknown(
  { status, bytes }: ErrorReply,
  { method, clean }: NormalizeOptions,
): Failure {
  const { text: quote = "" } = readProblem(bytes, status);
  const start = `The request was sent to the SMS API, which answered ${status}`;
  const end = `. ${adviceFor(method)}`;
  const maxLength = MAX_TEXT_LENGTH - start.length - end.length - ": ".length;
  const quoted = truncated(clean(quote), maxLength).replace(/\.$/, "");
  return { ...upstreamFailure("upstream_failed"), text: start + (quoted && `: ${quoted}`) + end };
}

function credentialsRejected(): Failure {
  const headers = { "retry-after": String(MAX_RETRY_AFTER_S) }; // an operator has to act first
  return { ...upstreamFailure("upstream_credentials_rejected"), headers };
}

/** A failure with a code of the catalog and the origin `upstream`. */
function upstreamFailure(code: CatalogCode): Failure {
  return { ...gatewayFailure(code), origin: "upstream" };
}

/** A documented error of the API, or a 4xx that is not documented yet. */
function apiError(reply: ErrorReply, { clean, allow }: NormalizeOptions): Failure {
  const { status } = reply;
  const { code: apiCode, text } = readProblem(reply.bytes, status);
  const code = (apiCode && clean(apiCode) === apiCode && apiCode) || defaultCode(status);
  return {
    status,
    code,
    text: (text && truncated(clean(text), MAX_TEXT_LENGTH)) || defaultTextOf(code, status),
    origin: "upstream",
    fault: status >= 500 ? "upstream" : "caller",
    processed: DOCUMENTED.has(status) ? "no" : "unknown",
    headers: errorHeaders(reply.headers, status, allow),
  };
}

function defaultCode(status: number): string {
  const name = DEFAULT_CODES[status] ?? STATUS_TEXT[status];
  return name?.toLowerCase().replace(/[^a-z0-9]+/g, "_") ?? `http_${status}`;
}

function defaultTextOf(code: string, status: number): string {
  const entry = catalogEntry(code) ?? catalogEntry(DEFAULT_CODES[status] ?? "");
  return entry
    ? `${entry.meaning} ${entry.help}`
    : `The SMS API answered ${status} and gave no reason. Check the request against its reference.`;
}

/** The headers that the contract promises for a status, the reply's `Retry-After` among them. */
function errorHeaders(
  headers: ErrorReply["headers"],
  status: number,
  allow: readonly string[],
): Record<string, string> {
  const result: Record<string, string> = {};
  const retryAfter = headerOf(headers, "retry-after")?.trim();
  const isRetryStatus = status === 429 || status === 503;
  if (isRetryStatus && retryAfter !== undefined && retryAfterMs(retryAfter) !== undefined) {
    result["retry-after"] = retryAfter;
  }
  if (status === 405) result.allow = allow.join(", ");
  if (status === 415) result.accept = "application/json";
  return result;
}
