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
import type { PlanCredential, TokenWaiter } from "./credentials/plan_credential.ts";
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
  /** Where `Authorization` comes from. */
  readonly credential: PlanCredential;
  /** Whether its outcome counts for the circuit breaker. */
  readonly isCounted: boolean;
}

/** Whose request it is; the attempts are added to it. */
export type RequestSource = SpanSource & UpstreamAttempts;

/** State of a request between its attempts. */
interface Progress {
  /** Number of earlier retries; a token that is renewed causes none. */
  retries: number;
  /** Deadline for all attempts and tokens, on the clock of `performance.now()`, in ms. */
  readonly deadline: number;
  readonly waiter: TokenWaiter;
  authorization: string;
  /** Whether the API has refused a token already. */
  isRenewed: boolean;
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
    const progress = await start(source, request);
    let uncertain: TransportError | undefined; // of an earlier attempt that may have been processed
    for (;; progress.retries++) {
      const outcome = await this.#attemptWithToken(source, request, progress);
      if (await this.#waitForRetry(outcome, request, progress)) {
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

  /**
   * Makes an attempt, and another one with a renewed token if the API refuses a token (401): it has
   * processed nothing, so that this is safe for a POST as well. It is no retry, which would cost
   * budget: it happens once to a request, and only while a token is replaced.
   */
  async #attemptWithToken(
    source: RequestSource,
    request: OperationRequest,
    progress: Progress,
  ): Promise<Outcome> {
    const outcome = await this.#attempt(source, request, progress);
    if (!("reply" in outcome) || outcome.reply.status !== 401 || progress.isRenewed) return outcome;
    progress.isRenewed = true;
    try {
      const { authorization, waiter } = progress;
      const renewed = await request.credential.renew(authorization, waiter);
      if (renewed === undefined) return outcome;
      progress.authorization = renewed;
    } catch (thrown) {
      return { thrown };
    }
    return await this.#attempt(source, request, progress);
  }

  #attempt(
    source: RequestSource,
    request: OperationRequest,
    progress: Progress,
  ): Promise<Outcome> {
    return this.#options.breakers.of(request.target).run(
      () => this.#sendWithSpan(source, request, progress),
      request,
    ).then((reply) => ({ reply }), (thrown) => ({ thrown }));
  }

  async #sendWithSpan(
    source: RequestSource,
    request: OperationRequest,
    { authorization, deadline }: Progress,
  ): Promise<UpstreamReply> {
    const { target, method } = request;
    const span = this.#startSpan(source, { target, method, resendCount: source.attempts.length });
    const headers: Record<string, string> = { ...request.headers, authorization };
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

/**
 * Waits for a token where there is none.
 *
 * @throws {GatewayError} `upstream_credentials_unavailable`
 */
async function start(source: RequestSource, request: OperationRequest): Promise<Progress> {
  const { credential, method, timeoutMs, signal } = request;
  const deadline = performance.now() + timeoutMs;
  const waiter = { span: source.span, deadline: deadline - MIN_ATTEMPT_MS, signal };
  try {
    const known = credential.authorization(waiter);
    const authorization = typeof known === "string" ? known : await known;
    return { retries: 0, deadline, waiter, authorization, isRenewed: false };
  } catch (thrown) {
    throw toGatewayError(thrown, method);
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
