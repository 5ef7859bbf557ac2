import { STATUS_TEXT } from "@std/http/status";
import {
  CATALOG,
  type CatalogCode,
  catalogEntry,
  defaultText,
  OUTCOME_UNKNOWN,
} from "../errors/catalog.ts";
import type { Failure } from "../errors/gateway_error.ts";
import { readProblem } from "./problem.ts";
import { isIdempotent } from "./failure.ts";
import { headerOf } from "./headers.ts";

/** An upstream reply of status 300 and above; its body decoded, cut at the limit. */
export interface RefusedReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bytes: Uint8Array;
}

/** What {@linkcode normalize} has to know of the request. */
export interface NormalizeOptions {
  /** The request's method, for what is said about an unknown outcome. */
  readonly method: string;
  /** The methods of the path, for a 405 that does not list them. */
  readonly allow: readonly string[];
  /** Removes from a text of the upstream what no response may hold. */
  readonly clean: (text: string) => string;
}

/**
 * Statuses that say that the upstream, or something before it, could not do its work just
 * now: 503 to the caller. The value tells whether the request may have been processed.
 */
const UNAVAILABLE: Readonly<Record<number, { maybeProcessed: boolean }>> = {
  408: { maybeProcessed: false }, // the upstream did not get the whole request
  425: { maybeProcessed: false }, // it declined to process early data
  499: { maybeProcessed: true },
  502: { maybeProcessed: true },
  504: { maybeProcessed: true },
};

/** What a status is called where the reply holds no code of its own. */
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

/** Seconds after which a renewed credential may have been deployed: not at once. */
const CREDENTIAL_RETRY_AFTER_S = "60";

/**
 * An upstream error as the contract documents it, whatever shape it came in (contract.md
 * §3). Never guesses: what the reply does not say is filled from the catalog.
 */
export function normalize(reply: RefusedReply, options: NormalizeOptions): Failure {
  const { status } = reply;
  if (status === 401) return credentialsRejected();
  const unavailable = UNAVAILABLE[status] ?? cdnError(status) ?? redirect(status);
  if (unavailable) {
    return cannotServe(status, unavailable.maybeProcessed && !isIdempotent(options.method));
  }
  return refusal(reply, status >= 500 && status !== 503 ? 500 : status, options);
}

/** 52x: a CDN could not get an answer from the API. */
function cdnError(status: number) {
  return status >= 520 && status <= 529 ? { maybeProcessed: true } : undefined;
}

/** A redirect is never followed: it would take the credential and the message elsewhere. */
function redirect(status: number) {
  return status < 400 ? { maybeProcessed: true } : undefined;
}

function credentialsRejected(): Failure {
  const code = "upstream_credentials_rejected";
  return {
    status: CATALOG[code].status,
    code,
    text: defaultText(code),
    origin: "upstream",
    headers: { "retry-after": CREDENTIAL_RETRY_AFTER_S },
  };
}

function cannotServe(upstreamStatus: number, outcomeUnknown: boolean): Failure {
  const { status, meaning, help } = CATALOG.service_unavailable;
  return {
    status,
    code: "service_unavailable",
    text: `${meaning} It answered ${upstreamStatus}. ${outcomeUnknown ? OUTCOME_UNKNOWN : help}`,
    origin: "upstream",
  };
}

function refusal(reply: RefusedReply, status: number, options: NormalizeOptions): Failure {
  const { code: said, text } = readProblem(reply.bytes, reply.status);
  const code = said && isPublic(said, options) ? said : defaultCode(status);
  return {
    status,
    code,
    text: (text && options.clean(text).slice(0, MAX_TEXT_LENGTH).trim()) ||
      (status === reply.status ? textOf(code, status) : unusualText(reply.status, options.method)),
    origin: "upstream",
    headers: keptHeaders(reply.headers, status, options.allow),
  };
}

/** Only of a 500 the API promises that nothing was processed; not of what it does not document. */
function unusualText(upstreamStatus: number, method: string): string {
  const { help } = CATALOG.internal_error;
  return `The SMS API answered ${upstreamStatus}, which it does not document. ${
    isIdempotent(method) ? help : OUTCOME_UNKNOWN
  }`;
}

/** What quotes the request is no code. */
function isPublic(code: string, { clean }: NormalizeOptions): boolean {
  return catalogEntry(code) !== undefined || clean(code) === code;
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
  if ((status === 429 || status === 503) && retryAfter && isRetryAfter(retryAfter)) {
    kept["retry-after"] = retryAfter;
  }
  if (status === 405) kept.allow = allow.join(", ");
  if (status === 415) kept.accept = "application/json";
  return kept;
}

/** RFC 9110 §10.2.3: whole seconds or an HTTP date. */
function isRetryAfter(value: string): boolean {
  return /^\d{1,9}$/.test(value) || (/^[A-Z]/.test(value) && !Number.isNaN(Date.parse(value)));
}
