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
 * for span and log only. It is the only class that middleware throws. It has no stack trace: the code
 * tells where it was thrown, and V8 would need 5 µs to record one.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly failure: Failure;

  /** @param code of the catalog, which defines status, fault and default text */
  constructor(code: CatalogCode, options?: GatewayErrorOptions);
  /** @param failure an error of the upstream, normalized to the documented shape */
  constructor(failure: Failure, options?: Pick<GatewayErrorOptions, "cause">);
  constructor(codeOrFailure: CatalogCode | Failure, options: GatewayErrorOptions = {}) {
    const failure = typeof codeOrFailure === "string"
      ? gatewayFailure(codeOrFailure, options)
      : codeOrFailure;
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(failure.code, "cause" in options ? { cause: options.cause } : undefined);
    Error.stackTraceLimit = stackTraceLimit;
    this.failure = failure;
  }
}

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
