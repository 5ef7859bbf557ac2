import { CATALOG, OUTCOME_UNKNOWN, SAFE_TO_REPEAT } from "../errors/catalog.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { toFailure } from "../errors/to_response.ts";
import { failureCode, TransportError } from "../errors/transport_error.ts";

/** Idempotent methods of the API (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "PUT", "DELETE"]);

/** What the caller should do when the outcome of a request with this method is unknown. */
export function adviceFor(method: string): string {
  return IDEMPOTENT.has(method) ? SAFE_TO_REPEAT : OUTCOME_UNKNOWN;
}

/** Converts a `TransportError` to the error for the caller; other values are returned unchanged. */
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
