import type { Operation } from "../operations.ts";
import { headerOf } from "./headers.ts";
import { retryAfterMs } from "./retry_after.ts";
import { TransportError, type UpstreamReply } from "./transport.ts";

/** How an attempt ended. */
export type Outcome = { readonly reply: UpstreamReply } | { readonly thrown: unknown };

/** What may be retried at all; every other outcome is final. */
type Retryable = "not_sent" | "connection_lost" | "unavailable";

/**
 * What may be sent again, per method and outcome. GET, PUT and DELETE may be processed twice
 * without harm (RFC 9110 §9.2.2). A POST may send a message, so it is sent again only when
 * provably no byte of it left the gateway. A timeout has used up the one deadline.
 */
export const RETRY_MATRIX = {
  GET: { not_sent: true, connection_lost: true, unavailable: true },
  PUT: { not_sent: true, connection_lost: true, unavailable: true },
  DELETE: { not_sent: true, connection_lost: true, unavailable: true },
  POST: { not_sent: true, connection_lost: false, unavailable: false },
} as const satisfies Record<Operation["method"], Record<Retryable, boolean>>;

/** Delay before the first retry is up to this, doubled for each further one, in ms. */
const BASE_DELAY_MS = 100;

/** No delay of our own is longer, in ms. */
const MAX_DELAY_MS = 2_000;

/** Whether an attempt that ended like this may be followed by another one. */
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
 * Time to wait before a retry, in ms: what the upstream asked for, else full jitter over an
 * exponential window, so that many gateways do not come back at once.
 *
 * @param retries how many went before
 * @param random 0 (inclusive) to 1 (exclusive)
 * @param now epoch ms
 */
export function retryDelayMs(
  outcome: Outcome,
  retries: number,
  random: number,
  now = Date.now(),
): number {
  const asked = "reply" in outcome ? askedWaitMs(outcome.reply, now) : undefined;
  return asked || random * Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** retries);
}

/** What the `Retry-After` of a reply asks for, in ms; undefined where it has none. */
export function askedWaitMs({ headers }: UpstreamReply, now?: number): number | undefined {
  const value = headerOf(headers, "retry-after");
  return value === undefined ? undefined : retryAfterMs(value.trim(), now);
}

/** Retries allowed per request: at most a tenth of the load is added. */
const BUDGET_PER_REQUEST = 0.1;

/** Retries saved up at most, and at the start: enough for a gateway with little traffic. */
const BUDGET_MAX = 10;

/**
 * Keeps retries from making an outage worse: every request saves a tenth of a retry, and a
 * retry that is not covered does not happen.
 */
export class RetryBudget {
  #saved = BUDGET_MAX;

  deposit(): void {
    this.#saved = Math.min(BUDGET_MAX, this.#saved + BUDGET_PER_REQUEST);
  }

  /** Takes one retry out, if there is one. */
  withdraw(): boolean {
    if (this.#saved < 1) return false;
    this.#saved--;
    return true;
  }
}
