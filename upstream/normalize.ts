import { STATUS_TEXT } from "@std/http/status";
import { CATALOG, type CatalogCode, catalogEntry } from "../errors/catalog.ts";
import { type Failure, gatewayFailure } from "../errors/gateway_error.ts";
import { MAX_RETRY_AFTER_S } from "../errors/retry_after.ts";
import { adviceFor } from "./failure.ts";
import { headerOf } from "./headers.ts";
import { readProblem, shortened } from "./problem.ts";
import { retryAfterMs } from "./retry_after.ts";

/** An upstream reply of status 300 and above; its body decoded, cut at the limit. */
export interface RefusedReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bytes: Uint8Array;
}

/** Options of {@linkcode normalize}. */
export interface NormalizeOptions {
  /** The request's method: it decides what is said about an unknown outcome. */
  readonly method: string;
  /** The methods of the path, for a 405 that does not list them. */
  readonly allow: readonly string[];
  /** Cuts the gateway's own credentials out of a text of the upstream. */
  readonly clean: (text: string) => string;
}

/** The API, or a proxy before it, declined the request without processing it (RFC 9110 §15.5.9). */
const NOT_PROCESSED: ReadonlySet<number> = new Set([408, 425]);

/** The only 5xx that the API documents: with both, the request was not processed. */
const DOCUMENTED_5XX: ReadonlySet<number> = new Set([500, 503]);

/** The code of a status where the reply holds none. */
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

/** Longest text that is passed on, in characters; a longer one is cut. */
const MAX_TEXT_LENGTH = 1_024;

/**
 * An upstream error as the contract documents it, whatever shape it came in (contract.md §3).
 * What the reply does not say comes from the catalog. The status says whether the request was
 * processed: an unknown outcome is 502, never 503.
 */
export function normalize(reply: RefusedReply, options: NormalizeOptions): Failure {
  const { status } = reply;
  if (status === 401) return credentialsRejected();
  if (NOT_PROCESSED.has(status)) return unavailable(status);
  if (isOutcomeUnknown(status)) return failed(reply, options);
  return refusal(reply, options);
}

/**
 * Redirects, which are never followed (the credential and the message would go elsewhere), 499 and
 * every 5xx that is not documented: a proxy may answer so after the API has the request.
 */
function isOutcomeUnknown(status: number): boolean {
  return status < 400 || status === 499 || (status >= 500 && !DOCUMENTED_5XX.has(status));
}

function unavailable(upstreamStatus: number): Failure {
  const { meaning, help } = CATALOG.service_unavailable;
  const text = `${meaning} It answered ${upstreamStatus}. ${help}`;
  return { ...ofUpstream("service_unavailable"), text };
}

/** What the API said stands within the text, and after it what the caller must know. */
function failed({ status, bytes }: RefusedReply, { method, clean }: NormalizeOptions): Failure {
  const { text: said = "" } = readProblem(bytes, status);
  const start = `The request was sent to the SMS API, which answered ${status}`;
  const end = `. ${adviceFor(method)}`;
  const room = MAX_TEXT_LENGTH - start.length - end.length - ": ".length;
  const quoted = shortened(clean(said), room).replace(/\.$/, "");
  return { ...ofUpstream("upstream_failed"), text: start + (quoted && `: ${quoted}`) + end };
}

function credentialsRejected(): Failure {
  const headers = { "retry-after": String(MAX_RETRY_AFTER_S) }; // no operator is faster
  return { ...ofUpstream("upstream_credentials_rejected"), headers };
}

/** A failure of the catalog that the upstream's status stands for. */
function ofUpstream(code: CatalogCode): Failure {
  return { ...gatewayFailure(code), origin: "upstream" };
}

/** An answer of the API that the seeds document, or a 4xx that they do not know yet. */
function refusal(reply: RefusedReply, { clean, allow }: NormalizeOptions): Failure {
  const { status } = reply;
  const { code: said, text } = readProblem(reply.bytes, status);
  const code = (said && clean(said) === said && said) || defaultCode(status);
  return {
    status,
    code,
    text: (text && shortened(clean(text), MAX_TEXT_LENGTH)) || textOf(code, status),
    origin: "upstream",
    fault: status >= 500 ? "upstream" : "caller",
    processed: "no",
    headers: keptHeaders(reply.headers, status, allow),
  };
}

function defaultCode(status: number): string {
  const name = DEFAULT_CODES[status] ?? STATUS_TEXT[status];
  return name?.toLowerCase().replace(/[^a-z0-9]+/g, "_") ?? `http_${status}`;
}

function textOf(code: string, status: number): string {
  const entry = catalogEntry(code) ?? catalogEntry(DEFAULT_CODES[status] ?? "");
  return entry
    ? `${entry.meaning} ${entry.help}`
    : `The SMS API answered ${status} and gave no reason. Check the request against its reference.`;
}

function keptHeaders(
  headers: RefusedReply["headers"],
  status: number,
  allow: readonly string[],
): Record<string, string> {
  const kept: Record<string, string> = {};
  const retryAfter = headerOf(headers, "retry-after")?.trim();
  const isRetryStatus = status === 429 || status === 503;
  if (isRetryStatus && retryAfter !== undefined && retryAfterMs(retryAfter) !== undefined) {
    kept["retry-after"] = retryAfter;
  }
  if (status === 405) kept.allow = allow.join(", ");
  if (status === 415) kept.accept = "application/json";
  return kept;
}
