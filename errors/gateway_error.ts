import { CATALOG, type CatalogCode, defaultText, type Fault, type Processed } from "./catalog.ts";

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
  /** Whose action resolves it; on the SERVER span, in the log and in the metrics. */
  readonly fault: Fault;
  /** `unknown` never goes with 429 or 503: clients send those again (contract.md §2). */
  readonly processed: Processed;
  /** Section of the errors page that explains it; default: that of the code. */
  readonly helpAnchor?: string;
  /** Further headers of the answer, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Options of {@linkcode GatewayError}. */
export interface GatewayErrorOptions {
  /** Public text; default: the catalog's. */
  text?: string;
  /** Further headers of the answer. */
  headers?: Record<string, string>;
  /** Section of the errors page; default: that of the code. */
  helpAnchor?: string;
  /** What really happened; for the span and the log only, never for the caller. */
  cause?: unknown;
}

/**
 * The only error that is thrown on purpose. `to_response.ts` writes its `failure` to the caller;
 * its `cause` is for the span and the log.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly failure: Failure;

  /** @param code of the catalog, which gives the status and the default text */
  constructor(code: CatalogCode, options?: GatewayErrorOptions);
  /** @param failure an answer of the upstream, already in the documented shape */
  constructor(failure: Failure, options?: Pick<GatewayErrorOptions, "cause">);
  constructor(what: CatalogCode | Failure, options: GatewayErrorOptions = {}) {
    const failure = typeof what === "string" ? gatewayFailure(what, options) : what;
    super(failure.code, "cause" in options ? { cause: options.cause } : undefined);
    this.failure = failure;
  }
}

/** A failure of origin `gateway`, by the catalog. */
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
