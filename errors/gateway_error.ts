import { CATALOG, type CatalogCode, defaultText } from "./catalog.ts";

/** Who refused: the value of `X-Error-Origin` (contract.md §3). */
export type ErrorOrigin = "gateway" | "upstream";

/** What a caller is told about a failure. */
export interface Failure {
  /** HTTP status of the answer. */
  readonly status: number;
  /** The machine-readable code; usually of the catalog, else as the upstream gave it. */
  readonly code: string;
  /** Says what happened and what to do; public. */
  readonly text: string;
  readonly origin: ErrorOrigin;
  /** Further headers of the answer, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of {@linkcode GatewayError}. */
export interface GatewayErrorOptions {
  /** Public text; default: the catalog's. */
  text?: string;
  /** Further headers of the answer. */
  headers?: Record<string, string>;
  /** What really happened; for the span only, never for the caller. */
  cause?: unknown;
}

/**
 * The only error that is thrown on purpose. Its public half goes to the caller by
 * `to_response.ts`, its private `cause` to the span.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly failure: Failure;

  /** @param code of the catalog, which gives the status and the default text */
  constructor(code: CatalogCode, options?: GatewayErrorOptions);
  /** @param failure an answer of the upstream, already in the documented shape */
  constructor(failure: Failure, options?: Pick<GatewayErrorOptions, "cause">);
  constructor(what: CatalogCode | Failure, options: GatewayErrorOptions = {}) {
    const failure = typeof what === "string" ? ownFailure(what, options) : what;
    super(failure.code, "cause" in options ? { cause: options.cause } : undefined);
    this.failure = failure;
  }
}

function ownFailure(code: CatalogCode, { text, headers }: GatewayErrorOptions): Failure {
  return {
    status: CATALOG[code].status,
    code,
    text: text ?? defaultText(code),
    origin: "gateway",
    ...(headers && { headers }),
  };
}
