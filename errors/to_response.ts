import { defaultText, OUTCOME_UNKNOWN } from "./catalog.ts";
import { type Failure, GatewayError } from "./gateway_error.ts";
import { helpLink } from "./help.ts";

const encoder = new TextEncoder();

/** Seconds a caller is asked to wait where the upstream named no time of its own. */
const DEFAULT_RETRY_AFTER_S = "1";

/** Statuses that promise `Retry-After` (contract.md §2). */
const RETRY_LATER: ReadonlySet<number> = new Set([429, 503]);

/**
 * Any thrown value as what a caller may be told; what nobody foresaw is a 500 without detail.
 *
 * @param options `sent`: the request had gone upstream, so that it may have been processed
 */
export function toFailure(thrown: unknown, { sent }: { sent: boolean }): Failure {
  if (thrown instanceof GatewayError) return thrown.failure;
  const code = "internal_error";
  const text = sent
    ? `An unexpected internal error occurred. ${OUTCOME_UNKNOWN}`
    : defaultText(code);
  return { status: 500, code, text, origin: "gateway" };
}

/** Options of {@linkcode toResponse}. */
export interface ToResponseOptions {
  /** Whether the errors page is served, so that it can be linked to; default: false. */
  docs?: boolean;
}

/**
 * The one place that writes errors: the wire shape of a failure by contract.md §2, that is
 * `{"code","text"}`, or no body at all for a 404, with `X-Error-Origin` on each.
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
