import { TransportError } from "../errors/transport_error.ts";
import type { Operation } from "../operations.ts";
import { headerOf } from "./headers.ts";
import { retryAfterMs } from "./retry_after.ts";
import type { UpstreamReply } from "./transport.ts";

/** How an attempt ended. */
export type Outcome = { readonly reply: UpstreamReply } | { readonly thrown: unknown };

/** Outcomes that may be retried; every other outcome is final. */
type Retryable = "not_sent" | "connection_lost" | "unavailable";

/**
 * Whether a request may be sent again, by method and outcome. GET, PUT and DELETE are idempotent
 * (RFC 9110 §9.2.2). A POST may send a message, so it is sent again only if no byte of it was sent.
 * There is no retry after a timeout, since it has used up the deadline of the request.
 */
export const RETRY_MATRIX = {
  GET: { not_sent: true, connection_lost: true, unavailable: true },
  PUT: { not_sent: true, connection_lost: true, unavailable: true },
  DELETE: { not_sent: true, connection_lost: true, unavailable: true },
  POST: { not_sent: true, connection_lost: false, unavailable: false },
} as const satisfies Record<Operation["method"], Record<Retryable, boolean>>;

/** Maximum delay before the first retry, in ms; doubled for each further one. */
const BASE_DELAY_MS = 100;

/** Maximum delay before any retry, in ms; a longer `Retry-After` of the upstream is honoured. */
const MAX_DELAY_MS = 2_000;

/** Whether an attempt with this outcome may be retried. */
export function mayRetry(method: Operation["method"], outcome: Outcome): boolean {
  const kind = retryableKind(outcome);
  return kind !== undefined && RETRY_MATRIX[method][kind];
}

function retryableKind(outcome: Outcome): Retryable | undefined {
  if ("reply" in outcome) return outcome.reply.status === 503 ? "unavailable" : undefined;
  const { thrown } = outcome;
  if (!(thrown instanceof TransportError) || thrown.reason !== "network") return undefined;
  return thrown.sent ? "connection_lost" : "not_sent";
}

/**
 * Delay before a retry, in ms: the upstream's `Retry-After`, else exponential backoff with full
 * jitter, so that many gateways do not retry at the same time.
 *
 * @param retries number of earlier retries of this request
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param now epoch ms
 */
export function retryDelayMs(
  outcome: Outcome,
  retries: number,
  random: number,
  now = Date.now(),
): number {
  const retryAfter = "reply" in outcome ? replyRetryAfterMs(outcome.reply, now) : undefined;
  return retryAfter || random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** retries);
}

/** The `Retry-After` of a reply, in ms from now; undefined where it has none. */
export function replyRetryAfterMs({ headers }: UpstreamReply, now?: number): number | undefined {
  const value = headerOf(headers, "retry-after");
  return value === undefined ? undefined : retryAfterMs(value.trim(), now);
}

/** Retries earned per request: retries add at most a tenth to the load. */
const RETRIES_PER_REQUEST = 0.1;

/** Initial and maximum number of available retries: enough for a gateway with little traffic. */
const MAX_AVAILABLE = 10;

/**
 * Limits the share of retries, so that they do not make an outage worse: every request earns a
 * tenth of a retry.
 */
export class RetryBudget {
  #available = MAX_AVAILABLE;

  deposit(): void {
    this.#available = Math.min(MAX_AVAILABLE, this.#available + RETRIES_PER_REQUEST);
  }

  /** Uses up one retry; returns false if none is available. */
  withdraw(): boolean {
    if (this.#available < 1) return false;
    this.#available--;
    return true;
  }
}
