import type { UpstreamTarget } from "./target.ts";

/**
 * Sends HTTP requests to the upstream. One `send` is one attempt: a transport never follows a
 * redirect, never decodes a body and never sends a request a second time.
 */
export interface Transport {
  /**
   * Sends a request. Resolves once the body is complete, if it is at most {@linkcode
   * MAX_BUFFERED_BYTES} long. The rest of a 2xx body that is longer, or that takes longer than
   * {@linkcode BUFFERING_TIMEOUT_FACTOR} idle timeouts, is a stream.
   *
   * @throws {import("../errors/transport_error.ts").TransportError} when there is no complete
   * response
   */
  send(request: UpstreamRequest): Promise<UpstreamReply>;
  /** Waits for requests in flight and closes all connections. */
  close(): Promise<void>;
  /**
   * Ends all requests in flight as if their deadlines had passed, and sends nothing from then on.
   * Absent on runtimes whose processes are not shut down (Workers).
   */
  expireAll?(): void;
}

/** Request to the upstream. */
export interface UpstreamRequest {
  /** The SMS API that it is sent to. */
  readonly target: UpstreamTarget;
  readonly method: string;
  /** Path and query, as they are sent: the path begins with the base path of the target. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** Deadline from sending to the response headers, in ms. */
  readonly timeoutMs: number;
  /** Longest pause between two chunks of a body, and deadline for an error body, in ms. */
  readonly idleTimeoutMs: number;
  /**
   * Resolve at the response headers, with an empty body: that of the response is discarded, and may
   * be incomplete. Default: false.
   */
  readonly discardsBody?: boolean;
  /** Aborts the exchange, and the stream of its body. */
  readonly signal?: AbortSignal | undefined;
}

/** Response of the upstream. */
export interface UpstreamReply {
  readonly status: number;
  /** Names in lower case, in order, repeated where the upstream repeated them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The bytes as received; a stream only for a 2xx body that was not buffered completely. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Bytes of a body that are buffered before the gateway responds. All documented responses but long
 * lists fit, so that a truncated one becomes a complete error response. It is also the most that is
 * read of an error body (contract.md §3).
 */
export const MAX_BUFFERED_BYTES = 64 * 1024;

/**
 * A success is buffered for at most this many idle timeouts. More than one, so that a body that
 * stalls after its first bytes becomes an error response and not a broken stream.
 */
export const BUFFERING_TIMEOUT_FACTOR = 2;

/** Whether a signal aborts because a deadline has passed, or the caller has left. */
export function abortReason({ reason }: AbortSignal): "timeout" | "aborted" {
  return reason instanceof DOMException && reason.name === "TimeoutError" ? "timeout" : "aborted";
}

/** A passed deadline, named as by `AbortSignal.timeout` (DOM standard): traces show the name. */
export function timeoutError(message: string): DOMException {
  return new DOMException(message, "TimeoutError");
}
