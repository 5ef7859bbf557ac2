import { getLogger, type Sink } from "@logtape/logtape";
import type { SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { monotonicUlid } from "@std/ulid";
import { Issuers } from "./auth/issuers.ts";
import { type KeySet, staticKeySet } from "./auth/key_set.ts";
import { downloadFailureReason } from "./auth/key_set_download.ts";
import { RemoteKeySet, type RemoteKeySetOptions } from "./auth/remote_key_set.ts";
import { faultText } from "./auth/signing_keys.ts";
import { Budgets } from "./budgets/budgets.ts";
import type { Config } from "./config.ts";
import { GatewayError } from "./errors/gateway_error.ts";
import { toFailure, toResponse } from "./errors/to_response.ts";
import { TransportError } from "./errors/transport_error.ts";
import type { IssuerSettings } from "./issuer_settings.ts";
import { Deadlines, SeparateDeadlines } from "./limits/deadlines.ts";
import { createApp, type Dependencies, type Fetch } from "./routes/app.ts";
import { credentialLog } from "./telemetry/credential_log.ts";
import { keySetLog } from "./telemetry/key_set_log.ts";
import { droppedLines } from "./telemetry/log_output.ts";
import type { SettingFiles } from "./setting_files.ts";
import type { State } from "./state/health.ts";
import { MemoryCounters } from "./state/memory_counters.ts";
import { MemoryStore } from "./state/memory.ts";
import type { StateStore } from "./state/store.ts";
import type { ProcessUsage } from "./telemetry/metric_sources.ts";
import { accessLog } from "./telemetry/access_log.ts";
import { tokenLog } from "./telemetry/token_log.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { resourceAttributes } from "./telemetry/resource.ts";
import { setupTracing } from "./telemetry/setup.ts";
import { upstreamBreakers } from "./upstream/breaker.ts";
import { type UpstreamTarget, upstreamTarget } from "./upstream/target.ts";
import type { Transport } from "./upstream/transport.ts";

/** The parts that a runtime has to provide, and those that it may replace. */
export interface RuntimeParts extends Partial<Dependencies> {
  /** Sends requests to the upstream. */
  transport: Transport;
  /** The settings that come from files. Default: none do. */
  settingFiles?: SettingFiles;
  /** Where idempotency keys are remembered. Default: requests with a key are refused. */
  state?: State;
  /** Exports log records to the collector. Default: none are exported. */
  logExporter?: { readonly dropped: number; flush(): Promise<void> };
  /** Receives a record for every request. Default: none are made. */
  accessLog?: Sink;
  /** What the process has used, for the metrics. Default: unknown. */
  processUsage?: () => ProcessUsage;
  /** Downloads key sets. Default: the global `fetch`. */
  keySetFetch?: typeof fetch;
  /** Sends exports to the collector. Default: the global `fetch`. */
  collectorFetch?: typeof fetch;
  /** Receive all spans beside the export to the collector. Default: none. */
  spanProcessors?: readonly SpanProcessor[];
  /**
   * Called with work that continues after the response, on runtimes where timers, connections and
   * promises end with the request that started them (Workers). Default: they outlive requests.
   */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** A complete gateway, independent of the runtime. */
export interface Gateway {
  fetch: Fetch;
  /** Handles a request to `ADMIN_PORT`; undefined if metrics and probes have no own port. */
  adminFetch?: Fetch;
  /** Makes `/readyz` return 503, so that no new requests are routed to this instance. */
  stopAccepting(): void;
  /** Logs an error that `fetch` rejected with, and returns the response to it. */
  onError: (error: unknown) => Response;
  /**
   * Takes over the settings that may change while the gateway runs: credentials, policies, and where
   * and how telemetry is exported.
   */
  reconfigure(config: Config): void;
  /** Counts a changed file that was taken over, or refused. */
  settingFileRead(variable: string, outcome: "taken" | "refused"): void;
  /** Expires the deadlines of all requests, so that each gets a response, a span and a log line. */
  expireAll(): void;
  /** Refuses requests whose body has not arrived with 503: nothing of them was sent. */
  refuseUnreadBodies(): void;
  /**
   * Closes connections and exports the rest of the telemetry; to be called after the last response.
   */
  close(): Promise<void>;
  /** Exports the telemetry recorded so far, when requests are still in flight. */
  flush(): Promise<void>;
}

/**
 * Share of MAX_IN_FLIGHT that may wait for the issuer; the rest serves tokens whose keys are known.
 */
const MAX_WAITING_SHARE = 1 / 10;

/** Memory for what is remembered of callbacks with `STATE_URL=memory:`: about 20,000 records. */
export const MAX_CALLBACK_STORE_BYTES = 16 * 1024 * 1024;

/** Creates a gateway from its configuration and the parts of its runtime. */
export function createGateway(config: Config, parts: RuntimeParts): Gateway {
  let stopping = false;
  const { waitUntil, state, spanProcessors, settingFiles, logExporter } = parts;
  const deadlines = new Deadlines();
  const bodyDeadlines = new Deadlines();
  const { telemetry } = config;
  const resource = resourceAttributes(telemetry.resource);
  const fetch = parts.collectorFetch;
  // Copies, which a changed configuration updates.
  const targets = { traces: copy(telemetry.traces), metrics: copy(telemetry.metrics) };
  const tracing = setupTracing({
    ...telemetry,
    target: targets.traces,
    resource,
    fetch,
    waitUntil,
    spanProcessors,
  });
  const metrics = new Metrics({
    resource,
    push: targets.metrics && { target: targets.metrics, fetch },
    callbacks: config.callbacks !== undefined,
  });
  const deps: Dependencies = {
    issuers: createIssuers(config, metrics, parts),
    tracer: tracing.tracer,
    breakers: upstreamBreakers({
      ...config.upstream.breaker,
      reported: apiOrigins(config), // a test API that fails does not degrade the gateway
      onChange: logBreaker,
    }),
    now: Date.now,
    newId: () => monotonicUlid(),
    observers: [
      metrics,
      credentialLog(),
      ...(parts.accessLog ? [accessLog(parts.accessLog)] : []),
    ],
    onTokenFetch: tokenObserver(config, metrics),
    isStopping: () => stopping,
    metrics,
    deadlines: waitUntil ? new SeparateDeadlines() : deadlines,
    bodyDeadlines: waitUntil ? new SeparateDeadlines() : bodyDeadlines,
    budgets: new Budgets(state?.counters ?? new MemoryCounters(), { onChange: logCountedBy }),
    ...state && {
      store: state.store,
      callbackStore: callbackStore(state.store),
      isStoreReachable: () => state.health.isReachable,
    },
    ...settingFiles && { refusedFiles: () => settingFiles.refused },
    ...parts,
  };
  const app = createApp(config, deps);
  const { outstanding, planLimits, budgets, reconfigure, credentials, settled, batchesLost } = app;
  if (!waitUntil) credentials.fetchAhead(); // on Workers, no work is allowed outside of requests
  metrics.registerGauges({
    outstanding,
    planLimits,
    planLimitMax: config.limits.inFlight,
    budgets,
    keySetAgesS: () => agesS(deps.issuers),
    tokens: () => credentials,
    breakerState: () => deps.breakers.state,
    stateReachable: () => state?.health.isReachable,
    settingFiles: () => settingFiles,
    dropped: () => ({
      traces: tracing.dropped(),
      logs: droppedLines,
      ...targets.metrics && { metrics: metrics.rejectedPoints },
      ...logExporter && { exported_logs: logExporter.dropped },
    }),
    process: () => parts.processUsage?.(),
    ...batchesLost && { batchesLost },
  });
  state?.health.listen((operation) => metrics.stateOperation(operation));
  const flush = async () =>
    void await Promise.all([tracing.shutdown(), metrics.shutdown(), logExporter?.flush()]);
  return {
    fetch: app.fetch,
    ...app.adminFetch && { adminFetch: app.adminFetch },
    stopAccepting: () => void (stopping = true),
    reconfigure(changed) {
      reconfigure(changed);
      Object.assign(targets.traces ?? {}, changed.telemetry.traces);
      Object.assign(targets.metrics ?? {}, changed.telemetry.metrics);
    },
    settingFileRead: (variable, outcome) => metrics.settingFileRead(variable, outcome),
    onError: (error) => unhandledErrorResponse(error, deps.newId()),
    expireAll() {
      parts.transport.expireAll?.();
      parts.relayTransport?.expireAll?.();
      deadlines.expireAll();
      bodyDeadlines.expireAll();
    },
    refuseUnreadBodies: () => bodyDeadlines.expireAll(),
    async close() {
      credentials.close();
      await Promise.all([parts.transport.close(), parts.relayTransport?.close()]);
      await settled();
      await state?.store.close();
      await flush();
    },
    flush,
  };
}

function apiOrigins({ upstream: { url, oauthUrl } }: Config): ReadonlySet<string> {
  return new Set([url, oauthUrl].map((url) => upstreamTarget(url).origin));
}

/** In memory callbacks have a store of their own, so that they cannot take the space of keys. */
function callbackStore(store: StateStore): StateStore {
  return store.kind === "memory" ? new MemoryStore({ maxBytes: MAX_CALLBACK_STORE_BYTES }) : store;
}

function copy<T extends object>(value: T | undefined): T | undefined {
  return value && { ...value };
}

function logBreaker(state: "open" | "closed", { url }: UpstreamTarget): void {
  const logger = getLogger("sms-gateway");
  if (state === "open") {
    logger.error("circuit breaker opened: the SMS API keeps failing", { url });
  } else logger.info("circuit breaker closed: the SMS API answers again", { url });
}

function logCountedBy(countedBy: "store" | "instance"): void {
  const logger = getLogger("sms-gateway");
  if (countedBy === "instance") {
    logger.error("budgets are counted by this instance alone: the state store does not answer");
  } else logger.info("budgets are counted in the state store again");
}

/** Handles errors that no middleware handled. Aborted streams are expected and not logged. */
function unhandledErrorResponse(error: unknown, requestId: string): Response {
  if (!(error instanceof TransportError || error instanceof GatewayError)) {
    const reason = error instanceof Error ? error.name : typeof error;
    getLogger("sms-gateway").error("unhandled error", { reason, request_id: requestId });
  }
  return toResponse(toFailure(error, { sent: true }), requestId);
}

function tokenObserver({ upstream }: Config, metrics: Metrics): Dependencies["onTokenFetch"] {
  const log = tokenLog(upstream.tokenUrl);
  return (fetched) => {
    metrics.tokenFetched(fetched.outcome);
    log(fetched);
  };
}

function createIssuers(
  { auth, limits }: Config,
  metrics: Metrics,
  { waitUntil, keySetFetch: fetch }: RuntimeParts,
): Issuers {
  const { jwksMaxAgeMs: maxAgeMs, jwksCooldownMs: cooldownMs, jwksMaxStaleMs: maxStaleMs } = auth;
  const maxWaiting = Math.ceil(limits.inFlight * MAX_WAITING_SHARE);
  const options = {
    maxAgeMs,
    cooldownMs,
    maxStaleMs,
    maxWaiting,
    waitUntil,
    ...fetch && { fetch },
  };
  return new Issuers(auth.issuers, {
    clockToleranceS: auth.clockToleranceS,
    maxWaitingPerCaller: limits.outstandingPerCaller,
    createKeySet: (settings, label) => createKeySet(settings, label, { ...options, metrics }),
  });
}

function createKeySet(
  { issuer, keySet: source }: IssuerSettings,
  label: () => string,
  { metrics, ...options }: RemoteKeySetOptions & { metrics: Metrics },
): KeySet {
  if ("jwks" in source) return staticKeySet(source.jwks);
  const log = keySetLog("url" in source ? source.url : issuer, label);
  const keySet = new RemoteKeySet("url" in source ? source : { metadataOf: issuer }, {
    ...options,
    onRefresh(outcome, cause) {
      metrics.keySetRefreshed(outcome, label());
      log.refreshed(outcome, outcome === "failed" ? downloadFailureReason(cause) : undefined);
    },
    onFaults: (faults) => log.faulty(faults.map(faultText)),
  });
  void keySet.refresh(); // before the first request
  return keySet;
}

/** Issuer → age of its keys, in seconds; without those whose keys were never downloaded. */
function agesS(issuers: Issuers): ReadonlyMap<string, number> {
  return new Map(
    issuers.keySets().flatMap(({ label, keySet }) => {
      const ageMs = keySet.ageMs();
      return ageMs === undefined ? [] : [[label, ageMs / 1_000]];
    }),
  );
}
