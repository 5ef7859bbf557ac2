import { CATALOG, type CatalogCode, OUTCOME_UNKNOWN, SAFE_TO_REPEAT } from "../errors/catalog.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { toFailure } from "../errors/to_response.ts";
import { TransportError } from "./transport.ts";

/** Methods that may be processed twice without harm (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** What to do about an unknown outcome, for one method. */
export function adviceFor(method: string): string {
  return IDEMPOTENT.has(method) ? SAFE_TO_REPEAT : OUTCOME_UNKNOWN;
}

const CODES = {
  timeout: "upstream_timeout",
  network: "upstream_connection_lost",
  aborted: "client_closed_request",
  invalid_request: "internal_error",
  no_descriptor: "overloaded",
} as const satisfies Record<TransportError["reason"], CatalogCode>;

/**
 * The public code of a failed exchange. What was never sent is `upstream_unreachable`,
 * whatever the reason; the outcome of everything else is unknown.
 */
export function failureCode({ sent, reason }: TransportError): CatalogCode {
  if (!sent && (reason === "network" || reason === "timeout")) return "upstream_unreachable";
  if (sent && reason === "no_descriptor") return "upstream_connection_lost"; // 503 says not processed
  return CODES[reason];
}

/** A failed exchange as the error that the caller gets; anything but a TransportError is a bug. */
export function toGatewayError(thrown: unknown, method: string): unknown {
  if (!(thrown instanceof TransportError)) return thrown;
  const code = failureCode(thrown);
  if (code === "internal_error") return new GatewayError(toFailure(thrown, thrown), thrown);
  const { meaning, processed } = CATALOG[code];
  return new GatewayError(code, {
    cause: thrown.cause,
    ...(processed === "unknown" && { text: `${meaning} ${adviceFor(method)}` }),
  });
}
