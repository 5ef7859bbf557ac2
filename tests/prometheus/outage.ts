import { delay } from "@std/async/delay";
import type { Fault } from "../../errors/catalog.ts";
import { type GatewayProcess, startGateway } from "../observability/gateway_process.ts";
import { until } from "../observability/until.ts";
import type { TokenOptions } from "../support/issuer.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { startRedis } from "../support/redis_server.ts";
import { type Prometheus, startPrometheus } from "./prometheus.ts";

/** Divisor of the durations of the alert rules: 5 minutes become 15 seconds. */
const SPEED_UP = 20;

const REQUESTS_PER_SECOND = 20;

/** Requests that succeed, one after the other, before the outage begins. */
const HEALTHY_REQUESTS = 100;

/**
 * Shortest observation of an outage: the longest `for`, 10 minutes, is 30 s here, and every rate
 * exceeds its threshold within a few seconds. An alert that has not fired by then does not fire.
 */
const OBSERVED_MS = 40_000;

/** Longest wait for an alert that must fire, on a busy machine. */
const ALERT_TIMEOUT_MS = 90_000;

/**
 * The first scrape is after 5 s. Until then there is no `up`, and SmsGatewayDown fires, whose `for`
 * of one minute is 3 s here.
 */
const UP_WITHOUT_ALERTS = 'up == 1 unless on () ALERTS{alertstate="firing"}';

/** A request of a caller; by default a GET that succeeds. */
export interface CallerRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Token options; `null` sends none. Default: a valid token. */
  readonly token?: TokenOptions | null;
}

interface Reply {
  readonly status: number;
  readonly delayMs?: number;
}

/** An outage, and what the alerts and the dashboard must show. */
export interface Outage {
  readonly name: string;
  /** Settings of the gateway, beside the usual ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the outage exists from the start; default: it begins later. */
  readonly fromStart?: boolean;
  /** The API's behaviour: a status, a delay, or a killed process. Default: 200. */
  readonly upstream?: Reply | "killed";
  /** The gateway's records are in a Redis, which is killed. */
  readonly state?: "killed";
  /** Requests that callers send in turn during the outage; default: a valid GET. */
  readonly requests?: readonly CallerRequest[];
  /**
   * The alerts that must fire, each with its label `fault`; no other alert may fire but those on an
   * error budget.
   */
  readonly alerts: Readonly<Record<string, Fault>>;
  /** Whose error budget is used fast, for which an alert must fire; default: nobody's. */
  readonly budget?: "gateway" | "upstream";
  /** The fault that the dashboard must show. */
  readonly fault: Fault;
}

/** The observations of Prometheus during an outage. */
export interface Observed {
  /** All alerts that fired, with their label `fault`. */
  readonly fired: Readonly<Record<string, string>>;
  /** Query → its value; NaN if there is no such series. */
  readonly before: Readonly<Record<string, number>>;
  readonly atEnd: Readonly<Record<string, number>>;
}

/**
 * Runs a gateway through an outage with its own Prometheus, as the rules support one job only, and
 * the shipped rules with shorter durations.
 *
 * @param binary path of `prometheus`
 * @param queries name → PromQL, asked before the outage and at its end
 */
export async function runThrough(
  outage: Outage,
  binary: string,
  queries: Readonly<Record<string, string>>,
): Promise<Observed> {
  await using upstream = await switchableUpstream();
  await using redis = outage.state && await startRedis();
  const env = { ...outage.env, ...redis && { STATE_URL: `redis://127.0.0.1:${redis.port}` } };
  await using gateway = await startGateway({ upstream: upstream.url, env });
  await using prometheus = await startPrometheus(
    binary,
    `127.0.0.1:${gateway.port}`,
    { speedUp: SPEED_UP },
  );
  await until("a scrape", async () => (await prometheus.query(UP_WITHOUT_ALERTS)).length === 1);
  const upSince = performance.now();
  if (!outage.fromStart) await sendHealthy(gateway);
  const before = await valuesOf(queries, prometheus);
  await upstream.become(outage.upstream ?? { status: 200 });
  await redis?.kill();

  const ended = new AbortController();
  const load = sendAll(gateway, outage.requests ?? [{}], ended.signal);
  try {
    const fired = await firedAlerts(prometheus, Object.keys(outage.alerts), upSince);
    return { fired, before, atEnd: await valuesOf(queries, prometheus) };
  } finally {
    ended.abort();
    await load;
  }
}

/** An upstream that answers 200 until a test changes its behaviour. */
async function switchableUpstream() {
  let reply: Reply = { status: 200 };
  const stack = new AsyncDisposableStack();
  const { url } = stack.use(
    await rawUpstream(async (connection) => {
      while (await connection.readRequest()) {
        await delay(reply.delayMs ?? 0);
        await connection.write(rawReply(reply.status, "{}"));
      }
    }),
  );
  return {
    url,
    async become(what: Reply | "killed") {
      if (what === "killed") await stack.disposeAsync();
      else reply = what;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function sendHealthy(gateway: GatewayProcess): Promise<void> {
  for (let sent = 0; sent < HEALTHY_REQUESTS; sent++) {
    const status = await send(gateway, {});
    if (status !== 200) throw new Error(`${status} before the outage`);
    await delay(1_000 / REQUESTS_PER_SECOND);
  }
}

/** Sends at a constant rate, without waiting for answers, until the signal aborts. */
async function sendAll(
  gateway: GatewayProcess,
  requests: readonly CallerRequest[],
  end: AbortSignal,
): Promise<void> {
  const outstanding = new Set<Promise<unknown>>();
  for (let count = 0; !end.aborted; count++) {
    const sent = send(gateway, requests[count % requests.length]!)
      .finally(() => outstanding.delete(sent));
    outstanding.add(sent);
    await delay(1_000 / REQUESTS_PER_SECOND);
  }
  await Promise.all(outstanding);
}

/** The status of the answer. */
async function send(gateway: GatewayProcess, request: CallerRequest): Promise<number> {
  const { method = "GET", path = "/xms/v1/plan-1/batches", headers, body, token } = request;
  const response = await fetch(gateway.url + path, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${await gateway.token(token)}` }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  });
  await response.body?.cancel();
  return response.status;
}

/**
 * The alerts that fired since a time; waits for the expected ones and for `OBSERVED_MS`. Those about
 * latency are left out: no outage is about it, and ten gateways on one machine are slow at times.
 */
async function firedAlerts(
  prometheus: Prometheus,
  expected: readonly string[],
  since: number,
): Promise<Record<string, string>> {
  const startedAt = performance.now();
  for (;;) {
    await delay(500);
    const sinceThen = `${Math.floor(performance.now() - since)}ms`;
    const series = await prometheus.query(
      `count by (alertname, fault) (count_over_time(ALERTS{alertstate="firing", objective!="latency"}[${sinceThen}]))`,
    );
    const fired = Object.fromEntries(
      series.map(({ metric: { alertname = "", fault = "" } }) => [alertname, fault]),
    );
    const elapsedMs = performance.now() - startedAt;
    const hasAll = expected.every((name) => name in fired);
    if (elapsedMs > ALERT_TIMEOUT_MS || (hasAll && elapsedMs > OBSERVED_MS)) return fired;
  }
}

async function valuesOf(
  queries: Readonly<Record<string, string>>,
  prometheus: Prometheus,
): Promise<Record<string, number>> {
  const values = Object.entries(queries).map(async ([name, expression]) => {
    const [series, ...more] = await prometheus.query(expression);
    if (more.length > 0) throw new Error(`${more.length} further series for ${name}`);
    return [name, series?.value ?? NaN] as const;
  });
  return Object.fromEntries(await Promise.all(values));
}
