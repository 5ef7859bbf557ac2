import type { Tracer } from "@opentelemetry/api";
import { type Context, Hono } from "hono";
import type { KeySet } from "../auth/key_set.ts";
import { TokenVerifier } from "../auth/token_verifier.ts";
import type { Config } from "../config.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { toFailure, toResponse } from "../errors/to_response.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { type DeadlineClock, Deadlines } from "../limits/deadlines.ts";
import { AdaptiveLimiter } from "../limits/adaptive.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { responseSlots } from "../middleware/response_slots.ts";
import { authenticate } from "../middleware/authenticate.ts";
import { callerLimit } from "../middleware/caller_limit.ts";
import { checks } from "../middleware/checks.ts";
import { contentType } from "../middleware/content_type.ts";
import { inFlight } from "../middleware/in_flight.ts";
import { outstanding } from "../middleware/outstanding.ts";
import { drainHttp2 } from "../middleware/drain.ts";
import { requestBody } from "../middleware/request_body.ts";
import { requestId } from "../middleware/request_id.ts";
import { validHost } from "../middleware/valid_host.ts";
import { ROUTES } from "../operations.ts";
import { routedPathOf } from "../raw_url.ts";
import { MAX_TIMER_MS } from "../settings.ts";
import type { ExchangeObserver } from "../telemetry/exchange_observer.ts";
import { serverSpan } from "../telemetry/server_span.ts";
import type { Breaker } from "../upstream/breaker.ts";
import { Credentials } from "../upstream/credentials.ts";
import { forward } from "../upstream/forward.ts";
import type { Transport } from "../upstream/transport.ts";
import { mountDocs } from "./docs.ts";
import { mountHealth, type Readiness } from "./health.ts";
import { mountMetrics } from "./metrics.ts";
import { smsApi } from "./sms_api.ts";

/** The world as the gateway sees it: all that a test may want to hold in its hands. */
export interface Dependencies {
  transport: Transport;
  keySet: KeySet;
  tracer: Tracer;
  breaker: Breaker;
  /** Clock, epoch ms. */
  now: () => number;
  /** A new request id. */
  newId: () => string;
  /** Told of every finished exchange. */
  observers: readonly ExchangeObserver[];
  /** True once the process has been told to stop. */
  isStopping: () => boolean;
  /** Deadlines of what callers send and take; default: one timer for all. */
  deadlines?: DeadlineClock;
  /** The metrics in the Prometheus text format. */
  prometheus: () => Promise<string>;
}

/** The gateway's handler, and the limits that the metrics show. */
export interface App {
  readonly app: Hono<GatewayEnv>;
  /** Route template → requests outstanding. */
  outstanding(): ReadonlyMap<string, number>;
  /** Service plan → requests at once that the upstream is sent. */
  planLimits(): ReadonlyMap<string, number>;
}

/**
 * How much longer than for a request body is waited for more of an answer to be taken. The kernel
 * holds megabytes for a caller, and tells that some are taken when a third of them are.
 */
const RESPONSE_READ_TIMEOUT_FACTOR = 6;

/** Share of the requests in flight that may wait for a slot of their caller. */
const WAITING_SHARE = 1 / 20;

/** The gateway: a request walks through it from top to bottom. */
export function createApp(config: Config, deps: Dependencies): App {
  const credentials = new Credentials(config.servicePlans);
  const verifier = new TokenVerifier({ ...config.auth, keySet: deps.keySet, now: deps.now });
  // Routes match the path as it was sent: decoded, a path could become another one.
  const app = new Hono<GatewayEnv>({ getPath: routedPathOf });

  app.onError((error, c) => refuse(c, error, config));
  app.notFound((c) => refuse(c, new GatewayError("not_found"), config));

  const { deadlines = new Deadlines() } = deps;
  const callerTimeoutMs = config.requestBodyTimeoutMs;
  const takeTimeoutMs = Math.min(RESPONSE_READ_TIMEOUT_FACTOR * callerTimeoutMs, MAX_TIMER_MS);
  app.use(responseSlots({ timeoutMs: takeTimeoutMs, deadlines })); // last on the way out
  app.use(drainHttp2(deps.isStopping)); // before that
  app.use(requestId({ newId: deps.newId })); // on every answer, health included
  mountHealth(app, () => readiness(deps)); // before the SERVER span: probes are not traced
  mountMetrics(app, deps.prometheus);
  if (config.docs) mountDocs(app);
  app.use(serverSpan(deps)); // around all that follows: refusals are recorded too
  const limits = createLimits(config);
  app.use(checks(
    validHost(), // first: with an invalid Host the path is unknown
    smsApi(), // 404 and 405: unknown operations are rejected before the checks that follow
    inFlight(limits.inFlight), // before anything costly
    authenticate({ verifier, credentials }), // before anything of the body is read
    // Before a body is waited for.
    callerLimit(limits.perCaller, { maxWaiting: Math.ceil(limits.inFlight.limit * WAITING_SHARE) }),
    contentType(),
    requestBody({
      maxBytes: config.maxBodyBytes,
      timeoutMs: callerTimeoutMs,
      deadlines,
      isStopping: deps.isStopping,
    }),
    outstanding(limits), // last: only what can be sent takes up a slot
  ));
  app.all(
    "*",
    forward({
      ...deps,
      deadlines,
      takeTimeoutMs,
      credentials,
      upstream: config.upstream,
      retryAttempts: config.upstream.retryAttempts,
    }),
  );
  const plans = Object.keys(config.servicePlans);
  return {
    app,
    outstanding: () => byRoute(limits.perRoute),
    planLimits: () => new Map(plans.map((plan) => [plan, limits.perPlan.limitOf(plan)])),
  };
}

/** Every route, idle ones too: a gauge that is not observed goes on showing its last value. */
function byRoute(limiter: OutstandingLimiter): ReadonlyMap<string, number> {
  return new Map(ROUTES.map(({ path }) => [path, limiter.underWay(path)]));
}

function createLimits({ limits }: Config) {
  return {
    inFlight: new OutstandingLimiter(limits.inFlight),
    perCaller: new OutstandingLimiter(limits.outstandingPerCaller),
    perRoute: new OutstandingLimiter(limits.outstandingPerRoute),
    perPlan: new AdaptiveLimiter(limits.inFlight),
  };
}

/** Writes an error, and notes it on the exchange for span, log and metrics. */
function refuse(c: Context<GatewayEnv>, thrown: Error, { docs }: Config): Response {
  const exchange: Exchange | undefined = c.get("exchange");
  const failure = toFailure(thrown, { sent: (exchange?.attempts.length ?? 0) > 0 });
  if (exchange) Object.assign(exchange, { failure, thrown });
  return toResponse(failure, c.get("requestId"), { docs });
}

function readiness({ keySet, breaker, isStopping }: Dependencies): Readiness {
  // An instance that is not ready gets no requests, so the probe has to start the fetch.
  keySet.keepFresh();
  return {
    notReady: [
      ...(isStopping() ? ["stopping"] : []),
      ...(keySet.isReady() ? [] : ["key_set_unavailable"]),
    ],
    // An outage of the API concerns every instance: out of rotation none could say so.
    // Half open counts as well: that the API works again is shown by a request, not by time.
    degraded: breaker.state === "closed" ? [] : ["upstream_circuit_open"],
  };
}
