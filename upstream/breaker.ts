import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen, noop } from "cockatiel";
import { GatewayError } from "../errors/gateway_error.ts";
import { TransportError, type UpstreamReply } from "./transport.ts";

/** Options of {@linkcode upstreamBreaker}. */
export interface BreakerOptions {
  /** Consecutive network failures or 5xx after which it opens; 0: never. */
  failures: number;
  /** How long it stays open before one request may try, in ms. */
  resetMs: number;
}

/** A circuit breaker around the upstream. */
export interface Breaker {
  readonly state: "closed" | "half_open" | "open";
  /**
   * Runs an exchange, or refuses at once while the upstream is known to be broken.
   *
   * @throws {GatewayError} `service_unavailable`, when nothing was sent
   */
  run(exchange: () => Promise<UpstreamReply>): Promise<UpstreamReply>;
}

/** Opens after so many failures in a row, and lets one request through to see whether it is over. */
export function upstreamBreaker({ failures, resetMs }: BreakerOptions): Breaker {
  if (failures === 0) return { state: "closed", run: (exchange) => noop.execute(exchange) };
  const policy = circuitBreaker(
    // A probe whose caller hung up has not shown that it is over; else a hang-up says nothing.
    handleWhen((error) =>
      isNetworkFailure(error) || (policy.state === CircuitState.HalfOpen && isAborted(error))
    ).orWhenResult(isServerError),
    { halfOpenAfter: resetMs, breaker: new ConsecutiveBreaker(failures) },
  );
  let openUntil = 0;
  policy.onBreak(() => openUntil = Date.now() + resetMs);
  return {
    get state() {
      if (policy.state === CircuitState.Closed) return "closed";
      // Once its time is over the next request may try: that is no reason to keep it away.
      return policy.state === CircuitState.Open && Date.now() < openUntil ? "open" : "half_open";
    },
    run(exchange) {
      const waitMs = openUntil - Date.now();
      const probing = policy.state === CircuitState.HalfOpen;
      if (probing || (policy.state === CircuitState.Open && waitMs > 0)) {
        return Promise.reject(refusal(waitMs));
      }
      return policy.execute(exchange);
    },
  };
}

function refusal(waitMs: number): GatewayError {
  return new GatewayError("service_unavailable", {
    text:
      "The SMS API has failed many times in a row, so nothing is sent to it for a moment. This request was not processed; try again after Retry-After.",
    headers: { "retry-after": String(Math.max(1, Math.ceil(waitMs / 1_000))) },
  });
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof TransportError && error.reason !== "aborted";
}

function isAborted(error: unknown): boolean {
  return error instanceof TransportError && error.reason === "aborted";
}

function isServerError(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "status" in reply &&
    typeof reply.status === "number" && reply.status >= 500;
}
