import { CATALOG, type CatalogCode, defaultText, type Fault, type Processed } from "./catalog.ts";

/** Who produced the error: the value of `X-Error-Origin` (contract.md §3). */
export type ErrorOrigin = "gateway" | "upstream";

/** A failed request: what the caller is told, and facts for span, log and metrics. */
export interface Failure {
  /** HTTP status of the response. */
  readonly status: number;
  /** The machine-readable code, from the catalog or from the upstream. */
  readonly code: string;
  /** What happened and what to do; public. */
  readonly text: string;
  readonly origin: ErrorOrigin;
  /** Who can resolve it; for span, log and metrics. */
  readonly fault: Fault;
  /** Never `unknown` with 429 or 503, since clients retry those (contract.md §2). */
  readonly processed: Processed;
  /** Section of the errors page that explains it. Default: that of the code. */
  readonly helpAnchor?: string;
  /** Further response headers, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of {@linkcode GatewayError}. */
export interface GatewayErrorOptions {
  /** Public text. Default: that of the catalog. */
  text?: string;
  /** Further response headers. */
  headers?: Record<string, string>;
  /** Section of the errors page. Default: that of the code. */
  helpAnchor?: string;
  /** The underlying error; for span and log only, never for the caller. */
  cause?: unknown;
}

/**
 * An error with a response: `to_response.ts` writes its `failure` to the caller, and its `cause` is
 * for span and log only. It is the only class that middleware throws. It is an `instanceof Error`
 * that was not made by Error's constructor, and has no stack trace: V8 needs 3 to 5 µs for that
 * constructor, even without a trace, and the code tells where it was thrown.
 */
export class GatewayError implements Error {
  readonly name = "GatewayError";
  readonly message: string;
  readonly failure: Failure;
  declare readonly cause?: unknown; // absent, unlike a field, where none was given

  /** @param code of the catalog, which defines status, fault and default text */
  constructor(code: CatalogCode, options?: GatewayErrorOptions);
  /** @param failure an error of the upstream, normalized to the documented shape */
  constructor(failure: Failure, options?: Pick<GatewayErrorOptions, "cause">);
  constructor(codeOrFailure: CatalogCode | Failure, options: GatewayErrorOptions = {}) {
    this.failure = typeof codeOrFailure === "string"
      ? gatewayFailure(codeOrFailure, options)
      : codeOrFailure;
    this.message = this.failure.code;
    if ("cause" in options) this.cause = options.cause;
  }
}

Object.setPrototypeOf(GatewayError.prototype, Error.prototype);

/** Creates a failure with the origin `gateway` from a code of the catalog. */
export function gatewayFailure(
  code: CatalogCode,
  { text, headers, helpAnchor }: Omit<GatewayErrorOptions, "cause"> = {},
): Failure {
  const { status, fault, processed } = CATALOG[code];
  return {
    status,
    code,
    text: text ?? defaultText(code),
    origin: "gateway",
    fault,
    processed,
    ...(headers && { headers }),
    ...(helpAnchor && { helpAnchor }),
  };
}
