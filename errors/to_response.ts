import { OUTCOME_UNKNOWN } from "./catalog.ts";
import { type Failure, GatewayError, gatewayFailure } from "./gateway_error.ts";
import { helpLink } from "./help.ts";

const encoder = new TextEncoder();

/** `Retry-After` if the failure has none, in seconds. */
const DEFAULT_RETRY_AFTER_S = "1";

/** Statuses with `Retry-After` (contract.md §2). */
const WITH_RETRY_AFTER: ReadonlySet<number> = new Set([429, 503]);

/**
 * Converts any thrown value to a failure. An unexpected error is `internal_error` without details:
 * 500 if nothing was sent, else 502, since a 500 means that the request was not processed
 * (contract.md §2).
 *
 * @param options `sent`: whether the request was sent to the upstream, so it may have been
 * processed
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
  /** Whether the errors page is served and can be linked to. Default: false. */
  docs?: boolean;
}

/**
 * Creates the response of a failure (contract.md §2): `{"code","text"}`, or no body for a 404, and
 * `X-Error-Origin`. All error responses of the gateway are created here.
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
    ...(WITH_RETRY_AFTER.has(status) && { "retry-after": DEFAULT_RETRY_AFTER_S }),
    ...failure.headers,
  };
  if (status === 404) {
    headers["content-length"] = "0";
    return new Response(null, { status, headers });
  }
  const body = encoder.encode(JSON.stringify({ code, text }));
  headers["content-type"] = "application/json";
  headers["content-length"] = String(body.byteLength); // also the response to a HEAD has it
  return new Response(body, { status, headers });
}
