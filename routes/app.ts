import { type Handler, Hono } from "hono";
import type { Config } from "../config.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import type { ToResponseOptions } from "../errors/to_response.ts";
import type { GatewayEnv, RequestHooks } from "../exchange.ts";
import { Budgets, type KnownBudget } from "../budgets/budgets.ts";
import { Settlements } from "../idempotency/settlements.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { AdaptiveLimiter } from "../limits/adaptive.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { responseSlots } from "../middleware/response_slots.ts";
import { authenticate, identify } from "../middleware/authenticate.ts";
import { callerLimit } from "../middleware/caller_limit.ts";
import { type Check, checks } from "../middleware/checks.ts";
import { contentType } from "../middleware/content_type.ts";
import { drainHttp2 } from "../middleware/drain.ts";
import { Forwarder } from "../middleware/forward.ts";
import { hooks } from "../middleware/hooks.ts";
import { inFlight } from "../middleware/in_flight.ts";
import { requestBody } from "../middleware/request_body.ts";
import { RequestCredentials } from "../middleware/request_credentials.ts";
import { requestId } from "../middleware/request_id.ts";
import { validHost } from "../middleware/valid_host.ts";
import { Policies } from "../policies/policies.ts";
import { rawPathOf, routedPathOf } from "../raw_url.ts";
import { ROUTES } from "../route_table.ts";
import { MAX_TIMER_MS } from "../setting_schemas.ts";
import { MemoryCounters } from "../state/memory_counters.ts";
import type { StateStore } from "../state/store.ts";
import type { ExchangeObserver } from "../telemetry/exchange_observer.ts";
import { capturedAttributes } from "../telemetry/captured_attributes.ts";
import { serverSpan } from "../telemetry/server_span.ts";
import { createCredentials, type TokenDependencies } from "../upstream/create_credentials.ts";
import type { Credentials } from "../upstream/credentials.ts";
import { fetchTransport } from "../upstream/fetch_transport.ts";
import type { Transport } from "../upstream/transport.ts";
import { apiHandler } from "./api_handler.ts";
import { type CallbackParts, callbackParts } from "./callback_parts.ts";
import { mountCallbacks } from "./callbacks.ts";
import { mountDocs } from "./docs.ts";
import { mountHealth } from "./health.ts";
import { API_PREFIX, matchRoute } from "./match_route.ts";
import { type MetricsText, mountMetrics } from "./metrics.ts";
import { mountTokenEndpoint } from "./oauth.ts";
import { readiness, type ReadinessSources } from "./readiness.ts";
import { refuse } from "./refuse.ts";
import { sendHandler } from "./send_handler.ts";
import { mountUsage } from "./usage.ts";

/** What the gateway depends on outside itself; tests replace it. */
export interface Dependencies extends TokenDependencies, Omit<ReadinessSources, "credentials"> {
  transport: Transport;
  /** The time, in ms since the epoch. */
  now: () => number;
  /** A new request id. */
  newId: () => string;
  /** Called with every finished exchange. */
  observers: readonly ExchangeObserver[];
  /** Deadlines of request bodies and of unread responses. Default: one timer for all. */
  deadlines?: DeadlineClock;
  /** Deadlines of request bodies; default: a timer for all. */
  bodyDeadlines?: DeadlineClock;
  /** Told of each HTTP/1.1 request that is refused before its body has arrived. */
  onUnreadBody?: () => void;
  /** Told of the size of each request body that has arrived. */
  onBody?: (bytes: number) => void;
  /** Whether this process may cut bodies off, since it closes connections. */
  isCuttingOff?: () => boolean;
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
}

/** Handles a request; `bindings` are what the runtime knows of it, see `exchange.ts`. */
export type Fetch = (request: Request, bindings?: object) => Response | Promise<Response>;

/** The gateway as a fetch handler, and the limits that the metrics show. */
export interface App {
  readonly fetch: Fetch;
  /** Serves metrics and probes if they have a port of their own; else `fetch` serves them. */
  readonly adminFetch: Fetch | undefined;
  /** Route template → requests outstanding. */
  outstanding(): ReadonlyMap<string, number>;
  /** Service plan → limit of concurrent requests to the upstream. */
  planLimits(): ReadonlyMap<string, number>;
  /** What this instance knows of the budgets of all policies. */
  budgets(): readonly KnownBudget[];
  /** Takes over what may change while the gateway runs. */
  reconfigure(config: Config): void;
  readonly credentials: Credentials;
  /** Batches that could not be remembered for their callbacks. Absent without callbacks. */
  readonly batchesLost?: () => number;
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

/**
 * Composes the gateway. Requests to the SMS API are handled by one function, `apiHandler`; all others
 * by Hono's routes.
 */
export function createApp(config: Config, deps: Dependencies): App {
  const { deadlines = new Deadlines() } = deps;
  const readTimeoutMs = Math.min(
    RESPONSE_READ_TIMEOUT_FACTOR * config.requestBodyTimeoutMs,
    MAX_TIMER_MS,
  );
  const hooksOfAll: readonly RequestHooks[] = [
    responseSlots({ timeoutMs: readTimeoutMs, deadlines }), // outermost: acts last
    drainHttp2(deps.isStopping), // before that
    requestId({ newId: deps.newId }),
  ];
  const captured = capturedAttributes(config.telemetry.captured);
  const span = serverSpan({ ...deps, captured }); // innermost: records the errors of the checks
  const { docs } = config;
  const emptyApp = () => createEmptyApp(hooksOfAll, { docs });
  const app = emptyApp();
  const admin = config.adminPort === undefined ? undefined : emptyApp();
  const credentials = createCredentials(config, { ...deps, deadlines });
  mountHealth(admin ?? app, () => readiness({ ...deps, credentials })); // not traced
  mountMetrics(admin ?? app, deps.metrics);
  if (docs) mountDocs(app);
  app.use(hooks(span));
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
  const { policies = new Policies(config.policies) } = deps;
  const { budgets = new Budgets(new MemoryCounters()) } = deps;
  const ownChecks = checks(
    inFlight(limits.inFlight),
    identify(deps),
    callerLimit(limits.perCaller, limits.waiting),
  );
  mountUsage(app, { checks: ownChecks, policies, budgets });
  app.use(checks(validHost(), matchRoute())); // 400, or a 404 that says what is wrong with the path
  const requestCredentials = new RequestCredentials(credentials, config.testApi);
  const { upstream } = config;
  const { retryAttempts } = upstream;
  const forwarder = new Forwarder({
    ...deps,
    deadlines,
    readTimeoutMs,
    credentialOf: (exchange) => requestCredentials.of(exchange),
    filterOf: (exchange) => requestCredentials.filterOf(exchange),
    upstream,
    retryAttempts,
  });
  const settlements = deps.store && new Settlements(deps.store);
  const batchMemory = callbacks?.batchMemory;
  const api = createApiApp(
    { docs },
    apiHandler({
      hooks: [...hooksOfAll, span],
      checks: apiChecks(config, deps, { limits, credentials }),
      send: sendHandler(config, { limits, forwarder, settlements, policies, budgets, batchMemory }),
      refuse: (c, thrown) => refuse(c, thrown, { docs }),
    }),
  );
  const limitOf = (plan: string) => [plan, limits.perPlan.limitOf(plan)] as const;
  return {
    fetch: (request, bindings) => (isApiPath(request) ? api : app).fetch(request, bindings),
    adminFetch: admin?.fetch,
    outstanding: () => byRoute(limits.perRoute),
    planLimits: () => new Map([...credentials.plans()].map(limitOf)),
    budgets: () => budgets.known(policies.list),
    reconfigure(changed) {
      credentials.replace(changed.servicePlans);
      credentials.fetchAhead();
      deps.issuers.replace(changed.auth.issuers);
      policies.replace(changed.policies);
      requestCredentials.replaceTestApi(changed.testApi);
      if (changed.callbacks) callbacks?.replaceSettings(changed.callbacks);
    },
    settled: async () => void await Promise.all([settlements?.close(), callbacks?.settled()]),
    credentials,
    ...callbacks && { batchesLost: callbacks.batchesLost },
  };
}

/** Whether a path may be one of the SMS API. With an invalid host it is not: its path is unknown. */
function isApiPath(request: Request): boolean {
  return routedPathOf(request).startsWith(API_PREFIX);
}

/** An app with one handler for everything, which Hono calls without composing it with others. */
function createApiApp(
  options: ToResponseOptions,
  handler: Handler<GatewayEnv>,
): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>({ getPath: ({ url }) => rawPathOf(url) });
  app.onError((error, c) => refuse(c, error, options)); // the handler itself has failed
  return app.all("*", handler);
}

/** An app without routes, with the hooks that every response passes, health included. */
function createEmptyApp(
  hooksOfAll: readonly RequestHooks[],
  options: ToResponseOptions,
): Hono<GatewayEnv> {
  // Routes match the raw path, since a decoded path could match another route.
  const app = new Hono<GatewayEnv>({ getPath: routedPathOf });
  app.onError((error, c) => refuse(c, error, options));
  app.notFound((c) => refuse(c, new GatewayError("not_found"), options));
  app.use(hooks(...hooksOfAll));
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
): readonly Check[] {
  return [
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
  ];
}

type Limits = ReturnType<typeof createLimits>;

/** Every route, including idle ones, whose gauge is then 0. */
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
