import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen, noop } from "cockatiel";
import { GatewayError } from "../errors/gateway_error.ts";
import { ownRetryAfter } from "../errors/retry_after.ts";
import { TransportError, type UpstreamReply } from "./transport.ts";

/** Options of {@linkcode upstreamBreaker}. */
export interface BreakerOptions {
  /** Consecutive network failures or 5xx after which it opens; 0: never. */
  failures: number;
  /** How long it stays open before one request may try, in ms. */
  resetMs: number;
  /** Told of every change of state; default: nobody. */
  onChange?: (state: "open" | "closed") => void;
}

/** A circuit breaker around the upstream. */
export interface Breaker {
  readonly state: "closed" | "half_open" | "open";
  /**
   * Runs an exchange, or refuses at once while the breaker is open.
   *
   * @throws {GatewayError} `upstream_circuit_open`, when nothing was sent
   */
  run(exchange: () => Promise<UpstreamReply>): Promise<UpstreamReply>;
}

/** Opens after so many failures in a row; half open, it lets one request through as a probe. */
export function upstreamBreaker({ failures, resetMs, onChange }: BreakerOptions): Breaker {
  if (failures === 0) return { state: "closed", run: (exchange) => noop.execute(exchange) };
  const policy = circuitBreaker(
    // A probe that we ended has not shown that the upstream works again; other requests that we
    // ended say nothing of it.
    handleWhen((error) =>
      isNetworkFailure(error) || (policy.state === CircuitState.HalfOpen && isOurEnd(error))
    ).orWhenResult(isServerError),
    // cockatiel waits by the wall clock; `openUntil` below is what decides when a probe may run.
    { halfOpenAfter: -Infinity, breaker: new ConsecutiveBreaker(failures) },
  );
  // On the clock of performance.now(): the wall clock can jump.
  let openUntil = 0;
  let wasClosed = true;
  policy.onBreak(() => {
    openUntil = performance.now() + resetMs;
    if (wasClosed) onChange?.("open");
    wasClosed = false;
  });
  policy.onReset(() => {
    wasClosed = true;
    onChange?.("closed");
  });
  return {
    get state() {
      if (policy.state === CircuitState.Closed) return "closed";
      // Once its time is over the next request is a probe, though cockatiel still says open.
      return policy.state === CircuitState.Open && performance.now() < openUntil
        ? "open"
        : "half_open";
    },
    run(exchange) {
      const waitMs = openUntil - performance.now();
      const probing = policy.state === CircuitState.HalfOpen;
      if (probing || (policy.state === CircuitState.Open && waitMs > 0)) {
        return Promise.reject(refusal(waitMs));
      }
      return policy.execute(exchange);
    },
  };
}

function refusal(waitMs: number): GatewayError {
  return new GatewayError("upstream_circuit_open", {
    headers: { "retry-after": ownRetryAfter(waitMs) },
  });
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof TransportError && !isOurEnd(error);
}

/** The caller left, or the gateway could not open a connection: not the upstream's failure. */
function isOurEnd(error: unknown): boolean {
  return error instanceof TransportError &&
    (error.reason === "aborted" || error.reason === "no_descriptor");
}

function isServerError(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "status" in reply &&
    typeof reply.status === "number" && reply.status >= 500;
}
