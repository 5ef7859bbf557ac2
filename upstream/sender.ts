import type { Tracer } from "@opentelemetry/api";
import { delay } from "@std/async/delay";
import { GatewayError } from "../errors/gateway_error.ts";
import { networkCause } from "../errors/network_cause.ts";
import type { Exchange } from "../exchange.ts";
import type { Operation } from "../operations.ts";
import type { Breaker } from "./breaker.ts";
import {
  clientSpans,
  endAnswered,
  endFailed,
  injectTraceContext,
  type StartClientSpan,
} from "./client_span.ts";
import { failureCode, toGatewayError } from "./failure.ts";
import { askedWaitMs, mayRetry, type Outcome, RetryBudget, retryDelayMs } from "./retry.ts";
import {
  type Transport,
  TransportError,
  type UpstreamReply,
  type UpstreamRequest,
} from "./transport.ts";

/** Options of {@linkcode Sender}. */
export interface SenderOptions {
  transport: Transport;
  tracer: Tracer;
  breaker: Breaker;
  /** The upstream's base URL. */
  upstream: URL;
  /** Further tries after a first one that failed; 0: none. */
  retryAttempts: number;
}

/** A request of one of the operations. */
export interface OperationRequest extends UpstreamRequest {
  readonly method: Operation["method"];
}

/** How far the sending of a request has come. */
interface Progress {
  /** How often it was sent before. */
  readonly retries: number;
  /** When all attempts must be over, on the clock of `performance.now()`, in ms. */
  readonly deadline: number;
}

/** Less time than this is not enough for another try, in ms. */
const MIN_ATTEMPT_MS = 10;

/** Sends requests, again where that is safe and pays, all within the one deadline of each. */
export class Sender {
  readonly #budget = new RetryBudget();
  readonly #options: SenderOptions;
  readonly #startSpan: StartClientSpan;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#startSpan = clientSpans(options);
  }

  /**
   * The upstream's answer, whatever its status.
   *
   * @throws {import("../errors/gateway_error.ts").GatewayError} when there is none
   */
  async send(exchange: Exchange, request: OperationRequest): Promise<UpstreamReply> {
    this.#budget.deposit();
    const deadline = performance.now() + request.timeoutMs;
    let lost: TransportError | undefined; // an earlier attempt that may have been processed
    for (let retries = 0;; retries++) {
      const outcome = await this.#attempt(exchange, request, { retries, deadline });
      if (await this.#waitForRetry(outcome, request, { retries, deadline })) {
        lost ??= sentFailure(outcome);
        continue;
      }
      if (lost && hidesUnknown(outcome, request.method)) throw toGatewayError(lost, request.method);
      if ("reply" in outcome) return outcome.reply;
      throw toGatewayError(outcome.thrown, request.method);
    }
  }

  #attempt(exchange: Exchange, request: OperationRequest, progress: Progress): Promise<Outcome> {
    return this.#options.breaker.run(() => this.#traced(exchange, request, progress))
      .then((reply) => ({ reply }), (thrown) => ({ thrown }));
  }

  async #traced(
    exchange: Exchange,
    request: OperationRequest,
    { retries, deadline }: Progress,
  ): Promise<UpstreamReply> {
    const span = this.#startSpan(exchange, { method: request.method, resendCount: retries });
    const headers = { ...request.headers };
    injectTraceContext(span, headers);
    const startedAt = performance.now();
    const timeoutMs = Math.max(1, Math.round(deadline - startedAt));
    try {
      const reply = await this.#options.transport.send({ ...request, headers, timeoutMs });
      endAnswered(span, reply.status);
      exchange.attempts.push({
        durationMs: performance.now() - startedAt,
        status: reply.status,
        ...(reply.status === 429 && { retryAfterMs: askedWaitMs(reply) }),
      });
      return reply;
    } catch (thrown) {
      const code = thrown instanceof TransportError ? failureCode(thrown) : "internal_error";
      endFailed(span, code, thrown);
      exchange.attempts.push({
        durationMs: performance.now() - startedAt,
        failure: code,
        cause: networkCause(thrown),
      });
      throw thrown;
    }
  }

  /** Waits until it is time for another try; false at once where there is to be none. */
  async #waitForRetry(
    outcome: Outcome,
    { method, signal }: OperationRequest,
    { retries, deadline }: Progress,
  ): Promise<boolean> {
    if (retries >= this.#options.retryAttempts || !mayRetry(method, outcome)) return false;
    const delayMs = retryDelayMs(outcome, retries, Math.random());
    if (performance.now() + delayMs + MIN_ATTEMPT_MS > deadline) return false;
    if (!this.#budget.withdraw()) return false;
    try {
      await delay(delayMs, signal ? { signal } : {});
      return true;
    } catch {
      return false; // the caller is gone
    }
  }
}

/** The failure of an attempt that may have been processed all the same. */
function sentFailure(outcome: Outcome): TransportError | undefined {
  const thrown = "thrown" in outcome ? outcome.thrown : undefined;
  return thrown instanceof TransportError && thrown.sent ? thrown : undefined;
}

/**
 * Whether the last outcome would hide that an earlier attempt may have been processed: it was not
 * sent, or it is a refusal, which may itself be the consequence of that attempt (a DELETE finds
 * nothing any more, a batch has been dispatched). A GET changes nothing, so there its own answer is
 * the better one.
 */
function hidesUnknown(outcome: Outcome, method: string): boolean {
  if ("reply" in outcome) return method !== "GET" && outcome.reply.status >= 300;
  const { thrown } = outcome;
  return thrown instanceof GatewayError ||
    (thrown instanceof TransportError && !thrown.sent && thrown.reason !== "aborted");
}
