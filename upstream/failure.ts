import { CATALOG, type CatalogCode, OUTCOME_UNKNOWN } from "../errors/catalog.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { TransportError } from "./transport.ts";

/** Methods that may be processed twice without harm (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** Whether sending a request of this method again cannot do harm. */
export function isIdempotent(method: string): boolean {
  return IDEMPOTENT.has(method);
}

const CODES = {
  timeout: "upstream_timeout",
  network: "upstream_connection_lost",
  aborted: "client_closed_request",
  invalid_request: "internal_error",
} as const satisfies Record<TransportError["reason"], CatalogCode>;

/**
 * The public code of a failed exchange. What was never sent is `upstream_unreachable`,
 * whatever the reason; all else may have been processed.
 */
export function failureCode({ sent, reason }: TransportError): CatalogCode {
  if (!sent && (reason === "network" || reason === "timeout")) return "upstream_unreachable";
  return CODES[reason];
}

/** A failed exchange as the error that the caller gets; anything but a TransportError is a bug. */
export function toGatewayError(thrown: unknown, method: string): unknown {
  if (!(thrown instanceof TransportError)) return thrown;
  const code = failureCode(thrown);
  const doubtful = thrown.sent && !isIdempotent(method);
  return new GatewayError(code, {
    cause: thrown.cause,
    ...(doubtful && { text: `${CATALOG[code].meaning} ${OUTCOME_UNKNOWN}` }),
  });
}
