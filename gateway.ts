import { getLogger, type Sink } from "@logtape/logtape";
import { monotonicUlid } from "@std/ulid";
import { type KeySet, staticKeySet } from "./auth/key_set.ts";
import { RemoteKeySet } from "./auth/remote_key_set.ts";
import type { Config } from "./config.ts";
import { GatewayError } from "./errors/gateway_error.ts";
import { toFailure, toResponse } from "./errors/to_response.ts";
import { Deadlines, SeparateDeadlines } from "./limits/deadlines.ts";
import { createApp, type Dependencies } from "./routes/app.ts";
import { droppedLines } from "./telemetry/log_output.ts";
import { credentialLog } from "./telemetry/credential_log.ts";
import { keySetLog } from "./telemetry/key_set_log.ts";
import { accessLog } from "./telemetry/access_log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { setupTracing } from "./telemetry/setup.ts";
import { upstreamBreaker } from "./upstream/breaker.ts";
import { type Transport, TransportError } from "./upstream/transport.ts";

/** What a runtime has to bring, and what it may replace. */
export interface RuntimeParts extends Partial<Dependencies> {
  transport: Transport;
  /** Takes a record for every request. Default: none is made. */
  accessLog?: Sink;
  /**
   * For runtimes where timers, connections and promises end with the request that started them
   * (Workers): told of work that goes on after the answer. Default: they outlive requests.
   */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** A gateway with everything it needs, on whatever runtime. */
export interface Gateway {
  fetch: (request: Request, bindings?: object) => Response | Promise<Response>;
  /** From now on `/readyz` says no, so that no new requests are routed here. */
  stopAccepting(): void;
  /** The answer to what the handler itself failed at, told to the log. */
  onError: (error: unknown) => Response;
  /** Answers what is still under way as if its time were over, so that it leaves its trace. */
  giveUp(): void;
  /** Closes connections and exports what is left; call it when the last request is answered. */
  close(): Promise<void>;
  /** Exports what there is now, when the last answer cannot be waited for. */
  flush(): Promise<void>;
}

/** Most of MAX_IN_FLIGHT that may wait for the issuer, so that the rest serves tokens of known keys. */
const MAX_WAITING_SHARE = 1 / 10;

/** Puts a gateway together: config and the world in, a fetch handler out. */
export function createGateway(config: Config, parts: RuntimeParts): Gateway {
  let stopping = false;
  const { waitUntil } = parts;
  const deadlines = new Deadlines();
  const tracing = setupTracing({ ...config.telemetry, waitUntil });
  const metrics = createMetrics(config);
  const deps: Dependencies = {
    keySet: createKeySet(config, metrics, waitUntil),
    tracer: tracing.tracer,
    breaker: upstreamBreaker({ ...config.upstream.breaker, onChange: logBreaker }),
    now: Date.now,
    newId: () => monotonicUlid(),
    observers: [
      metrics,
      credentialLog(),
      ...(parts.accessLog ? [accessLog(parts.accessLog)] : []),
    ],
    isStopping: () => stopping,
    prometheus: () => metrics.prometheus(),
    deadlines: waitUntil ? new SeparateDeadlines() : deadlines,
    ...parts,
  };
  const { app, outstanding, planLimits } = createApp(config, deps);
  metrics.registerGauges({
    outstanding,
    planLimits,
    planLimitMax: config.limits.inFlight,
    keySetAgeS: () => ageS(deps.keySet),
    breakerState: () => deps.breaker.state,
    dropped: () => ({ traces: tracing.dropped(), logs: droppedLines }),
  });
  const flush = async () => void await Promise.all([tracing.shutdown(), metrics.shutdown()]);
  return {
    fetch: app.fetch,
    stopAccepting: () => void (stopping = true),
    onError: (error) => unforeseen(error, deps.newId()),
    giveUp() {
      parts.transport.giveUp?.();
      deadlines.expireAll();
    },
    async close() {
      await parts.transport.close();
      await flush();
    },
    flush,
  };
}

function logBreaker(state: "open" | "closed"): void {
  const logger = getLogger("sms-gateway");
  if (state === "open") logger.error("circuit breaker opened: the SMS API keeps failing");
  else logger.info("circuit breaker closed: the SMS API answers again");
}

/** Handles errors that no middleware handled. Aborted streams are expected and not logged. */
function unforeseen(error: unknown, requestId: string): Response {
  if (!(error instanceof TransportError || error instanceof GatewayError)) {
    const reason = error instanceof Error ? error.name : typeof error;
    getLogger("sms-gateway").error("unforeseen failure", { reason, request_id: requestId });
  }
  return toResponse(toFailure(error, { sent: true }), requestId);
}

function createMetrics({ telemetry, upstream }: Config): Metrics {
  return new Metrics({
    serviceName: telemetry.serviceName,
    upstream: new URL(upstream.url),
    otlpEndpoint: telemetry.pushMetrics ? telemetry.otlpEndpoint : undefined,
  });
}

function createKeySet(
  { auth, limits }: Config,
  metrics: Metrics,
  waitUntil: RuntimeParts["waitUntil"],
): KeySet {
  if ("jwks" in auth.keySet) return staticKeySet(auth.keySet.jwks);
  const log = keySetLog(auth.keySet.url);
  const keySet = new RemoteKeySet(auth.keySet.url, {
    maxAgeMs: auth.jwksMaxAgeMs,
    cooldownMs: auth.jwksCooldownMs,
    maxStaleMs: auth.jwksMaxStaleMs,
    maxWaiting: Math.ceil(limits.inFlight * MAX_WAITING_SHARE),
    waitUntil,
    onRefresh(outcome, cause) {
      metrics.keySetRefreshed(outcome);
      log.refreshed(outcome, cause);
    },
    onFaults: log.faulty,
  });
  void keySet.refresh(); // ahead of the first request
  return keySet;
}

function ageS(keySet: KeySet): number | undefined {
  const ageMs = keySet.ageMs();
  return ageMs === undefined ? undefined : ageMs / 1_000;
}
