import type { CatalogCode } from "./catalog.ts";

/** Why an exchange with the upstream yielded no complete response. */
export type TransportFailureReason =
  | "timeout"
  | "aborted"
  | "network"
  | "invalid_request"
  | "no_descriptor";

/** Thrown by a transport when there is no complete response from the upstream. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  constructor(
    /** Whether a first byte of the request may have reached the upstream. */
    readonly sent: boolean,
    readonly reason: TransportFailureReason,
    options: { cause: unknown },
  ) {
    super(`${reason}, ${sent ? "sent" : "not sent"}`, options);
  }
}

const CODES = {
  timeout: "upstream_timeout",
  network: "upstream_connection_lost",
  aborted: "client_closed_request",
  invalid_request: "internal_error",
  no_descriptor: "overloaded",
} as const satisfies Record<TransportFailureReason, CatalogCode>;

/**
 * The public code of a failed exchange: `upstream_unreachable` for a network failure or a timeout
 * before anything was sent, otherwise the code of the reason.
 */
export function failureCode({ sent, reason }: TransportError): CatalogCode {
  if (!sent && (reason === "network" || reason === "timeout")) return "upstream_unreachable";
  // `overloaded` is a 503, which would say that the request was not processed.
  if (sent && reason === "no_descriptor") return "upstream_connection_lost";
  return CODES[reason];
}
