import { type Context, Hono, type MiddlewareHandler } from "hono";
import type { Issuers } from "../auth/issuers.ts";
import type { Config } from "../config.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { toFailure, toResponse } from "../errors/to_response.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { Budgets, type KnownBudget } from "../budgets/budgets.ts";
import { Settlements } from "../idempotency/settlements.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { AdaptiveLimiter } from "../limits/adaptive.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { responseSlots, type ResponseSlotsOptions } from "../middleware/response_slots.ts";
import { authenticate, identify } from "../middleware/authenticate.ts";
import { callerLimit } from "../middleware/caller_limit.ts";
import { checks } from "../middleware/checks.ts";
import { contentType } from "../middleware/content_type.ts";
import { drainHttp2 } from "../middleware/drain.ts";
import { Forwarder } from "../middleware/forward.ts";
import { inFlight } from "../middleware/in_flight.ts";
import { isTest, policyHeaders } from "../middleware/policy_mode.ts";
import { requestBody } from "../middleware/request_body.ts";
import { requestId } from "../middleware/request_id.ts";
import { validHost } from "../middleware/valid_host.ts";
import { Policies } from "../policies/policies.ts";
import { routedPathOf } from "../raw_url.ts";
import { ROUTES } from "../route_table.ts";
import { MAX_TIMER_MS } from "../setting_schemas.ts";
import { MemoryCounters } from "../state/memory_counters.ts";
import type { StateStore } from "../state/store.ts";
import type { ExchangeObserver } from "../telemetry/exchange_observer.ts";
import { capturedAttributes } from "../telemetry/captured_attributes.ts";
import { serverSpan } from "../telemetry/server_span.ts";
import type { Breakers } from "../upstream/breaker.ts";
import { ApiToken } from "../upstream/credentials/api_token.ts";
import { CredentialFilter } from "../upstream/credential_filter.ts";
import { upstreamTarget } from "../upstream/target.ts";
import { createCredentials, type TokenDependencies } from "../upstream/create_credentials.ts";
import type { Credentials } from "../upstream/credentials.ts";
import { fetchTransport } from "../upstream/fetch_transport.ts";
import type { Transport } from "../upstream/transport.ts";
import { type CallbackParts, callbackParts } from "./callback_parts.ts";
import { mountCallbacks } from "./callbacks.ts";
import { mountDocs } from "./docs.ts";
import { mountHealth, type Readiness } from "./health.ts";
import { matchRoute } from "./match_route.ts";
import { type MetricsText, mountMetrics } from "./metrics.ts";
import { mountTokenEndpoint } from "./oauth.ts";
import { sendHandler } from "./send_handler.ts";
import { mountUsage } from "./usage.ts";

/** What the gateway depends on outside itself; tests replace it. */
export interface Dependencies extends TokenDependencies {
  transport: Transport;
  issuers: Issuers;
  breakers: Breakers;
  /** The time, in ms since the epoch. */
  now: () => number;
  /** A new request id. */
  newId: () => string;
  /** Called with every finished exchange. */
  observers: readonly ExchangeObserver[];
  /** Whether the process is stopping. */
  isStopping: () => boolean;
  /** Deadlines of request bodies and of unread responses. Default: one timer for all. */
  deadlines?: DeadlineClock;
  /** Deadlines of request bodies; default: a timer for all. */
  bodyDeadlines?: DeadlineClock;
  /** Told of each HTTP/1.1 request that is refused before its body has arrived. */
  onUnreadBody?: () => void;
  /** What callers may send; default: those of the configuration. */
  policies?: Policies;
  metrics: MetricsText;
  /** Where idempotency keys are remembered. Absent: requests with a key are refused. */
  store?: StateStore;
  /** The budgets of policies; default: counted in this process. */
  budgets?: Budgets;
  /** Where callbacks and their batches are remembered; default: `store`. */
  callbackStore?: StateStore;
  /** Sends to the services that callbacks are relayed to; default: over fetch. */
  relayTransport?: Transport;
  /** Whether the store answered last; default: always. */
  isStoreReachable?: () => boolean;
  /** The variables whose files cannot be used; default: none. */
  refusedFiles?: () => readonly string[];
}

/** The Hono app, and the limits that the metrics show. */
export interface App {
  readonly app: Hono<GatewayEnv>;
  /** Serves metrics and probes if they have a port of their own; else `app` serves them. */
  readonly admin: Hono<GatewayEnv> | undefined;
  /** Route template → requests outstanding. */
  outstanding(): ReadonlyMap<string, number>;
  /** Service plan → limit of concurrent requests to the upstream. */
  planLimits(): ReadonlyMap<string, number>;
  /** What this instance knows of the budgets of all policies. */
  budgets(): readonly KnownBudget[];
  /** Takes over what may change while the gateway runs. */
  reconfigure(config: Config): void;
  readonly credentials: Credentials;
  /** Resolves when nothing is written to the store any more, after the last response. */
  settled(): Promise<void>;
}

/**
 * The timeout for reading a response, in multiples of the timeout for a request body. The kernel
 * buffers megabytes for a caller, and reports progress only when a third of them was read.
 */
const RESPONSE_READ_TIMEOUT_FACTOR = 6;

/** Share of the requests in flight that may wait for a slot of their caller. */
const WAITING_SHARE = 1 / 20;

/** Composes the gateway: a request passes the middleware in the order of this function. */
export function createApp(config: Config, deps: Dependencies): App {
  const { deadlines = new Deadlines() } = deps;
  const readTimeoutMs = Math.min(
    RESPONSE_READ_TIMEOUT_FACTOR * config.requestBodyTimeoutMs,
    MAX_TIMER_MS,
  );
  const emptyApp = () => createEmptyApp(config, deps, { timeoutMs: readTimeoutMs, deadlines });
  const app = emptyApp();
  const admin = config.adminPort === undefined ? undefined : emptyApp();
  mountHealth(admin ?? app, () => readiness(deps, credentials)); // before the SERVER span: not traced
  mountMetrics(admin ?? app, deps.metrics);
  if (config.docs) mountDocs(app);
  const captured = capturedAttributes(config.telemetry.captured);
  app.use(serverSpan({ ...deps, captured })); // around the checks, so that it records their errors
  const callbacks = createCallbacks(config, deps);
  if (callbacks) mountCallbacks(app, callbacks.handle); // not authenticated by a token
  const { tokenEndpoint } = config.auth;
  if (tokenEndpoint) {
    mountTokenEndpoint(app, tokenEndpoint, {
      ...deps,
      deadlines,
      bodyTimeoutMs: config.requestBodyTimeoutMs,
    });
  }
  const limits = createLimits(config);
  const credentials = createCredentials(config, { ...deps, deadlines });
  const { policies = new Policies(config.policies) } = deps;
  const { budgets = new Budgets(new MemoryCounters()) } = deps;
  const ownChecks = checks(
    inFlight(limits.inFlight),
    identify(deps),
    callerLimit(limits.perCaller, limits.waiting),
  );
  mountUsage(app, { checks: ownChecks, policies, budgets });
  app.use(apiChecks(config, deps, { limits, credentials }));
  const { upstream } = config;
  const { retryAttempts } = upstream;
  let testCredential = testCredentialOf(config);
  /** The credential of the service plan is never used for the test API. */
  const credentialOf = (exchange: Exchange) =>
    isTest(exchange) ? present(testCredential) : credentials.of(exchange.servicePlanId ?? "");
  const forwarder = new Forwarder({
    ...deps,
    deadlines,
    readTimeoutMs,
    credentialOf,
    filterOf: (exchange) =>
      isTest(exchange)
        ? present(testCredential).filter
        : credentials.filterOf(exchange.servicePlanId ?? ""),
    upstream,
    retryAttempts,
  });
  const settlements = deps.store && new Settlements(deps.store);
  const batchMemory = callbacks?.batchMemory;
  app.all(
    "*",
    sendHandler(config, { limits, forwarder, settlements, policies, budgets, batchMemory }),
  );
  const limitOf = (plan: string) => [plan, limits.perPlan.limitOf(plan)] as const;
  return {
    app,
    admin,
    outstanding: () => byRoute(limits.perRoute),
    planLimits: () => new Map([...credentials.plans()].map(limitOf)),
    budgets: () => budgets.known(policies.list),
    reconfigure(changed) {
      credentials.replace(changed.servicePlans);
      credentials.fetchAhead();
      deps.issuers.replace(changed.auth.issuers);
      policies.replace(changed.policies);
      testCredential = testCredentialOf(changed);
      if (changed.callbacks) callbacks?.replaceSettings(changed.callbacks);
    },
    settled: async () => void await Promise.all([settlements?.close(), callbacks?.settled()]),
    credentials,
  };
}

/** An app without routes, with the middleware that every response passes, health included. */
function createEmptyApp(
  config: Config,
  deps: Dependencies,
  slots: ResponseSlotsOptions,
): Hono<GatewayEnv> {
  // Routes match the raw path, since a decoded path could match another route.
  const app = new Hono<GatewayEnv>({ getPath: routedPathOf });
  app.onError((error, c) => refuse(c, error, config));
  app.notFound((c) => refuse(c, new GatewayError("not_found"), config));
  app.use(responseSlots(slots)); // outermost: acts last
  app.use(drainHttp2(deps.isStopping)); // before that
  app.use(requestId({ newId: deps.newId }));
  return app;
}

/** The parts for callbacks; undefined where they are not configured, or there is no store. */
function createCallbacks(config: Config, deps: Dependencies): CallbackParts | undefined {
  const { callbacks } = config;
  const store = deps.callbackStore ?? deps.store;
  if (!callbacks || !store) return undefined;
  const transport = deps.relayTransport ?? fetchTransport();
  return callbackParts(config, callbacks, { ...deps, store, transport });
}

/** The checks of a request to the SMS API, in their order. */
function apiChecks(
  config: Config,
  deps: Dependencies,
  { limits, credentials }: { limits: Limits; credentials: Credentials },
): MiddlewareHandler<GatewayEnv> {
  return checks(
    validHost(), // first: with an invalid Host the path is unknown
    matchRoute(), // 404 and 405: unknown operations are rejected before the checks that follow
    inFlight(limits.inFlight), // before the expensive checks
    authenticate({ issuers: deps.issuers, credentials }), // before the body is read
    callerLimit(limits.perCaller, limits.waiting), // before the gateway waits for a body
    contentType(),
    requestBody({
      ...deps,
      maxBytes: config.maxBodyBytes,
      held: new ByteBudget(config.maxHeldBodyBytes),
      timeoutMs: config.requestBodyTimeoutMs,
      deadlines: deps.bodyDeadlines,
    }),
  );
}

/** The token and the address of the SMS API of callers in the mode `test`. */
function testCredentialOf({ testApi }: Config): ApiToken | undefined {
  if (!testApi) return undefined;
  const { url, token } = testApi;
  return new ApiToken(token, upstreamTarget(url), new CredentialFilter([token]));
}

/** The configuration is refused if it has a policy in the mode `test` and no API for it. */
function present(credential: ApiToken | undefined): ApiToken {
  if (!credential) throw new Error("there is no API for the mode test");
  return credential;
}

type Limits = ReturnType<typeof createLimits>;

/** Every route, including idle ones: a gauge that is not observed keeps its last value. */
function byRoute(limiter: OutstandingLimiter): ReadonlyMap<string, number> {
  return new Map(ROUTES.map(({ path }) => [path, limiter.outstanding(path)]));
}

function createLimits({ limits }: Config) {
  return {
    inFlight: new OutstandingLimiter(limits.inFlight),
    perCaller: new OutstandingLimiter(limits.outstandingPerCaller),
    perRoute: new OutstandingLimiter(limits.outstandingPerRoute),
    perPlan: new AdaptiveLimiter(limits.inFlight),
    waiting: { maxWaiting: Math.ceil(limits.inFlight * WAITING_SHARE) },
  };
}

/** Renders an error, and stores it in the exchange for span, log and metrics. */
function refuse(c: Context<GatewayEnv>, thrown: Error, { docs }: Config): Response {
  const exchange: Exchange | undefined = c.get("exchange");
  const failure = toFailure(thrown, { sent: (exchange?.attempts.length ?? 0) > 0 });
  if (exchange) Object.assign(exchange, { failure, thrown });
  const headers = { ...failure.headers, ...exchange && policyHeaders(exchange) };
  return toResponse({ ...failure, headers }, c.get("requestId"), { docs });
}

function readiness(
  { issuers, breakers, isStopping, isStoreReachable = () => true, refusedFiles = () => [] }:
    Dependencies,
  credentials: Credentials,
): Readiness {
  const keySets = issuers.keySets();
  // An instance that is not ready gets no requests, so the probe has to start the key fetch.
  for (const { keySet } of keySets) keySet.keepFresh();
  const withoutKeys = keySets.filter(({ keySet }) => !keySet.isReady());
  const hasKeys = withoutKeys.length < keySets.length; // the callers of one issuer at least
  return {
    notReady: [
      ...(isStopping() ? ["stopping"] : []),
      ...(hasKeys ? [] : ["key_set_unavailable"]),
    ],
    // An outage of the API affects every instance: with none ready, callers would not get its error.
    // Half open is degraded as well: only a successful request shows that the API works again.
    degraded: [
      ...(hasKeys ? withoutKeys.map(({ label }) => `key_set_unavailable:${label}`) : []),
      ...(breakers.state === "closed" ? [] : ["upstream_circuit_open"]),
      ...(credentials.isTokenUnavailable ? ["upstream_credentials_unavailable"] : []),
      ...(isStoreReachable() ? [] : ["state_unavailable"]),
      ...refusedFiles().map((name) => `file_refused:${name}`),
    ],
  };
}
