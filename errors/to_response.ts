import { OUTCOME_UNKNOWN } from "./catalog.ts";
import { type Failure, GatewayError, gatewayFailure } from "./gateway_error.ts";
import { helpLink } from "./help.ts";

const encoder = new TextEncoder();

/** Seconds a caller is asked to wait where the upstream gave no `Retry-After`. */
const DEFAULT_RETRY_AFTER_S = "1";

/** Statuses that promise `Retry-After` (contract.md §2). */
const RETRY_LATER: ReadonlySet<number> = new Set([429, 503]);

/**
 * Any thrown value as what a caller may be told. An unexpected error is `internal_error` without
 * detail: 500 where nothing was sent, 502 where the outcome is unknown, since a 500 means that the
 * request was not processed (contract.md §2).
 *
 * @param options `sent`: the request was sent to the upstream, so it may have been processed
 */
export function toFailure(thrown: unknown, { sent }: { sent: boolean }): Failure {
  if (thrown instanceof GatewayError) return thrown.failure;
  const failure = gatewayFailure("internal_error");
  if (!sent) return failure;
  const text =
    `An unexpected internal error occurred after the request was sent to the SMS API. ${OUTCOME_UNKNOWN}`;
  return { ...failure, status: 502, text, processed: "unknown" };
}

/** Options of {@linkcode toResponse}. */
export interface ToResponseOptions {
  /** Whether the errors page is served, so that it can be linked to; default: false. */
  docs?: boolean;
}

/**
 * Writes a failure as contract.md §2 documents it: `{"code","text"}`, or no body for a 404, and
 * `X-Error-Origin`. No other code writes errors.
 */
export function toResponse(
  failure: Failure,
  requestId: string,
  { docs = false }: ToResponseOptions = {},
): Response {
  const { status, code, text, origin } = failure;
  const headers: Record<string, string> = {
    "x-error-origin": origin,
    "x-request-id": requestId,
    "cache-control": "no-store",
    ...(docs && { link: helpLink(failure) }),
    ...(RETRY_LATER.has(status) && { "retry-after": DEFAULT_RETRY_AFTER_S }),
    ...failure.headers,
  };
  if (status === 404) {
    headers["content-length"] = "0";
    return new Response(null, { status, headers });
  }
  const body = encoder.encode(JSON.stringify({ code, text }));
  headers["content-type"] = "application/json";
  headers["content-length"] = String(body.byteLength); // a HEAD has it too, without the body
  return new Response(body, { status, headers });
}
