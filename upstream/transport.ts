/**
 * How bytes get to the upstream and back. One request, one attempt: a transport never
 * follows a redirect, never decodes, and never sends a request a second time.
 */
export interface Transport {
  /**
   * Sends a request and resolves when its answer can be judged: a body of up to
   * {@linkcode BUFFER_BYTES} is whole by then, of a 2xx body that is longer, or takes longer than
   * {@linkcode HOLD_FACTOR} idle timeouts, the rest is a stream.
   *
   * @throws {TransportError} when there is no whole answer
   */
  send(request: UpstreamRequest): Promise<UpstreamReply>;
  /** Waits for what is under way and closes all connections. */
  close(): Promise<void>;
  /**
   * Gives up what is under way as if its time were over, and sends nothing from then on. Absent
   * where processes do not end.
   */
  giveUp?(): void;
}

/** Request to the upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, as they go on the wire. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** Deadline from sending to the answer's headers, in ms. */
  readonly timeoutMs: number;
  /** Longest silence within a body, and longest time spent on an error body, in ms. */
  readonly idleTimeoutMs: number;
  /** Aborts the exchange. */
  readonly signal?: AbortSignal | undefined;
}

/** Answer of the upstream. */
export interface UpstreamReply {
  readonly status: number;
  /** Names in lower case, in order, repeated where the upstream repeated them. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The bytes as they came. Only of a 2xx body that could not be held the rest is a stream. */
  readonly body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>;
}

/**
 * Bytes of a body that are held before anything is answered: enough for every documented
 * answer of the API but long lists, so that a cut one becomes a clean error; and the most
 * that is ever read of an error body (contract.md §3).
 */
export const BUFFER_BYTES = 64 * 1024;

/** An answer is held for so many idle timeouts: one that falls silent meanwhile is none. */
export const HOLD_FACTOR = 2;

/** Why there is no answer; `failure.ts` gives it its public code. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  constructor(
    /** Whether a first byte of the request may have reached the upstream. */
    readonly sent: boolean,
    readonly reason: "timeout" | "aborted" | "network" | "invalid_request" | "no_descriptor",
    options: { cause: unknown },
  ) {
    super(`${reason}, ${sent ? "sent" : "not sent"}`, options);
  }
}

/**
 * A deadline that has passed, named as the platform names it (DOM standard, `AbortSignal.timeout`):
 * traces show the name.
 */
export function timeUp(what: string): DOMException {
  return new DOMException(what, "TimeoutError");
}
