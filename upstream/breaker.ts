import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen, noop } from "cockatiel";
import { GatewayError } from "../errors/gateway_error.ts";
import { ownRetryAfter } from "../errors/retry_after.ts";
import { TransportError } from "../errors/transport_error.ts";
import type { UpstreamTarget } from "./target.ts";
import type { UpstreamReply } from "./transport.ts";

/** Options of {@linkcode upstreamBreaker}. */
export interface BreakerOptions {
  /** Consecutive network failures or 5xx responses after which it opens; 0: never. */
  failures: number;
  /** How long it stays open before it lets a probe through, in ms. */
  resetMs: number;
  /** Called when it opens and when it closes. Default: none. */
  onChange?: (state: "open" | "closed") => void;
}

/** Options of {@linkcode Breaker.run}. */
export interface RunOptions {
  /**
   * Whether the outcome says something about the upstream; default: true. An exchange that does not
   * count is no probe either: it is rejected only as long as nothing is let through.
   */
  isCounted?: boolean;
}

/** A circuit breaker around the upstream. */
export interface Breaker {
  readonly state: "closed" | "half_open" | "open";
  /**
   * Runs an exchange, or rejects immediately while the breaker is open.
   *
   * @throws {GatewayError} `upstream_circuit_open`; nothing was sent
   */
  run(exchange: () => Promise<UpstreamReply>, options?: RunOptions): Promise<UpstreamReply>;
}

/** The circuit breakers of all upstreams: one failing host does not stop requests to another. */
export interface Breakers {
  /** The state of the breaker that is furthest from closed, of those that are reported. */
  readonly state: Breaker["state"];
  of(target: UpstreamTarget): Breaker;
}

/** Options of {@linkcode upstreamBreakers}. */
export interface BreakersOptions extends Omit<BreakerOptions, "onChange"> {
  /** Origins whose breakers make up the state of all; default: every origin. */
  reported?: ReadonlySet<string>;
  /** Called when the breaker of a target opens and when it closes. Default: none. */
  onChange?: (state: "open" | "closed", target: UpstreamTarget) => void;
}

/** Circuit breakers by the origin of the target; origins come from the configuration. */
export function upstreamBreakers(
  { onChange, reported, ...options }: BreakersOptions,
): Breakers {
  const breakers = new Map<string, Breaker>();
  return {
    get state() {
      const states = [...breakers].filter(([origin]) => reported?.has(origin) ?? true)
        .map(([, { state }]) => state);
      return (["open", "half_open"] as const).find((state) => states.includes(state)) ?? "closed";
    },
    of(target) {
      const known = breakers.get(target.origin);
      if (known) return known;
      const created = upstreamBreaker({
        ...options,
        onChange: (state) => onChange?.(state, target),
      });
      breakers.set(target.origin, created);
      return created;
    },
  };
}

/**
 * A circuit breaker that opens after consecutive failures and, half open, lets one probe through.
 */
export function upstreamBreaker({ failures, resetMs, onChange }: BreakerOptions): Breaker {
  if (failures === 0) return { state: "closed", run: (exchange) => noop.execute(exchange) };
  const policy = circuitBreaker(
    // A failure on our side says nothing about the upstream, unless the request was the probe:
    // then the upstream has not been shown to work again.
    handleWhen((error) =>
      isNetworkFailure(error) || (policy.state === CircuitState.HalfOpen && isLocalFailure(error))
    ).orWhenResult(isServerError),
    // cockatiel measures time by the wall clock; `openUntil` decides when a probe may run instead.
    { halfOpenAfter: -Infinity, breaker: new ConsecutiveBreaker(failures) },
  );
  // On the clock of performance.now(), since the wall clock can be set.
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
      // After `openUntil` the next request is a probe, while cockatiel still reports "open".
      return policy.state === CircuitState.Open && performance.now() < openUntil
        ? "open"
        : "half_open";
    },
    run(exchange, { isCounted = true } = {}) {
      const waitMs = openUntil - performance.now();
      if (!isCounted && (policy.state === CircuitState.Closed || waitMs <= 0)) return exchange();
      const probing = policy.state === CircuitState.HalfOpen;
      if (probing || (policy.state === CircuitState.Open && waitMs > 0)) {
        return Promise.reject(circuitOpen(waitMs));
      }
      return policy.execute(exchange);
    },
  };
}

function circuitOpen(waitMs: number): GatewayError {
  return new GatewayError("upstream_circuit_open", {
    headers: { "retry-after": ownRetryAfter(waitMs) },
  });
}

function isNetworkFailure(error: unknown): boolean {
  return error instanceof TransportError && !isLocalFailure(error);
}

/**
 * Whether the caller left or the gateway could not open a connection: no failure of the upstream.
 */
function isLocalFailure(error: unknown): boolean {
  return error instanceof TransportError &&
    (error.reason === "aborted" || error.reason === "no_descriptor");
}

function isServerError(reply: unknown): boolean {
  return typeof reply === "object" && reply !== null && "status" in reply &&
    typeof reply.status === "number" && reply.status >= 500;
}
