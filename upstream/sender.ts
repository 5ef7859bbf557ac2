import type { Tracer } from "@opentelemetry/api";
import { delay } from "@std/async/delay";
import { GatewayError } from "../errors/gateway_error.ts";
import { networkCause } from "../errors/network_cause.ts";
import { failureCode, TransportError } from "../errors/transport_error.ts";
import type { UpstreamAttempts } from "../exchange.ts";
import type { Operation } from "../operations.ts";
import type { Breakers } from "./breaker.ts";
import {
  clientSpans,
  endWithError,
  endWithResponse,
  injectTraceContext,
  type SpanSource,
  type StartClientSpan,
} from "./client_span.ts";
import { toGatewayError } from "./failure.ts";
import { mayRetry, type Outcome, replyRetryAfterMs, RetryBudget, retryDelayMs } from "./retry.ts";
import type { Transport, UpstreamReply, UpstreamRequest } from "./transport.ts";

/** Options of {@linkcode Sender}. */
export interface SenderOptions {
  transport: Transport;
  tracer: Tracer;
  breakers: Breakers;
  /** Maximum number of retries; 0: none. */
  retryAttempts: number;
}

/** A request for an operation of the API. */
export interface OperationRequest extends UpstreamRequest {
  readonly method: Operation["method"];
}

/** Whose request it is; the attempts are added to it. */
export type RequestSource = SpanSource & UpstreamAttempts;

/** State of a request between its attempts. */
interface Progress {
  /** Number of earlier attempts. */
  readonly retries: number;
  /** Deadline for all attempts, on the clock of `performance.now()`, in ms. */
  readonly deadline: number;
}

/** A retry is not made with less time than this until the deadline, in ms. */
const MIN_ATTEMPT_MS = 10;

/** Sends requests and retries them where that is safe, all attempts within one deadline. */
export class Sender {
  readonly #budget = new RetryBudget();
  readonly #options: SenderOptions;
  readonly #startSpan: StartClientSpan;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#startSpan = clientSpans(options.tracer);
  }

  /**
   * Resolves with the upstream's response, whatever its status.
   *
   * @throws {GatewayError} when there is none, or it would hide that an earlier attempt may have
   * been processed
   */
  async send(source: RequestSource, request: OperationRequest): Promise<UpstreamReply> {
    this.#budget.deposit();
    const deadline = performance.now() + request.timeoutMs;
    let uncertain: TransportError | undefined; // of an earlier attempt that may have been processed
    for (let retries = 0;; retries++) {
      const outcome = await this.#attempt(source, request, { retries, deadline });
      if (await this.#waitForRetry(outcome, request, { retries, deadline })) {
        uncertain ??= sentFailure(outcome);
        continue;
      }
      if (uncertain && hidesUncertainty(outcome, request.method)) {
        throw toGatewayError(uncertain, request.method);
      }
      if ("reply" in outcome) return outcome.reply;
      throw toGatewayError(outcome.thrown, request.method);
    }
  }

  #attempt(
    source: RequestSource,
    request: OperationRequest,
    progress: Progress,
  ): Promise<Outcome> {
    return this.#options.breakers.of(request.target).run(() =>
      this.#sendWithSpan(source, request, progress)
    )
      .then((reply) => ({ reply }), (thrown) => ({ thrown }));
  }

  async #sendWithSpan(
    source: RequestSource,
    request: OperationRequest,
    { retries, deadline }: Progress,
  ): Promise<UpstreamReply> {
    const { target, method } = request;
    const span = this.#startSpan(source, { target, method, resendCount: retries });
    const headers = { ...request.headers };
    injectTraceContext(span, headers);
    const startedAt = performance.now();
    const timeoutMs = Math.max(1, Math.round(deadline - startedAt));
    try {
      const reply = await this.#options.transport.send({ ...request, headers, timeoutMs });
      endWithResponse(span, reply.status);
      source.attempts.push({
        server: target.attributes,
        durationMs: performance.now() - startedAt,
        status: reply.status,
        ...(reply.status === 429 && { retryAfterMs: replyRetryAfterMs(reply) }),
      });
      return reply;
    } catch (thrown) {
      const code = thrown instanceof TransportError ? failureCode(thrown) : "internal_error";
      endWithError(span, code, thrown);
      source.attempts.push({
        server: target.attributes,
        durationMs: performance.now() - startedAt,
        failure: code,
        cause: networkCause(thrown),
      });
      throw thrown;
    }
  }

  /** Waits for the delay of a retry; returns false immediately if the outcome is final. */
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
      return false; // the caller has left
    }
  }
}

/** The failure of an attempt that was sent, so that it may have been processed. */
function sentFailure(outcome: Outcome): TransportError | undefined {
  const thrown = "thrown" in outcome ? outcome.thrown : undefined;
  return thrown instanceof TransportError && thrown.sent ? thrown : undefined;
}

/**
 * Whether the last outcome would hide that an earlier attempt may have been processed: either
 * nothing was sent, or the response is an error, which the earlier attempt may have caused (a
 * second DELETE is 404). A GET changes nothing, so its last response is always returned.
 */
function hidesUncertainty(outcome: Outcome, method: string): boolean {
  if ("reply" in outcome) return method !== "GET" && outcome.reply.status >= 300;
  const { thrown } = outcome;
  return thrown instanceof GatewayError ||
    (thrown instanceof TransportError && !thrown.sent && thrown.reason !== "aborted");
}
