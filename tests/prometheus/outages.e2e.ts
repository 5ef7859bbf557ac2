/**
 * Which alert fires in which outage, and whose fault the dashboard shows: real gateways, a real
 * Prometheus for each, the shipped rules with every duration divided by {@linkcode SPEED_UP}.
 * `ops/prometheus/alerts_test.yaml` tests the same rules with their own durations.
 */

import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type GatewayProcess, startGateway } from "../observability/gateway_process.ts";
import { until } from "../observability/until.ts";
import { rawReply, rawUpstream, refusedPort } from "../support/raw_upstream.ts";
import { findPrograms, type Prometheus, startPrometheus } from "./prometheus.ts";

/** 5 minutes become 15 seconds. */
const SPEED_UP = 20;
const REQUESTS_PER_SECOND = 20;

/** From the outage's beginning until every alert had its time to fire, those that must not too. */
const OBSERVED_MS = 40_000;

const BATCHES = "/xms/v1/plan-1/batches";
const DASHBOARD = JSON.parse(
  await Deno.readTextFile(`${import.meta.dirname}/../../ops/grafana/dashboard.json`),
);

/** The panels of the dashboard that say whose fault it is. */
const PANELS = {
  gateway: "Ours",
  upstream: "The API's",
  issuer: "The issuer's",
  caller: "Callers'",
};
type Fault = keyof typeof PANELS;

interface Outage {
  readonly name: string;
  /** Settings of the gateway, beside the usual ones. */
  readonly env?: Record<string, string>;
  /** What the upstream answers; absent: nothing listens where it was. */
  readonly upstream?: { status: number; delayMs?: number };
  /** Whether the callers' tokens are good; default: true. */
  readonly goodTokens?: boolean;
  /** Requests are sent without waiting for earlier ones, so many at a time; default: 1. */
  readonly atOnce?: number;
  /** The alerts that must fire; all others must not. */
  readonly alerts: readonly string[];
  readonly fault: Fault;
}

const OUTAGES: readonly Outage[] = [
  {
    name: "the API is down",
    alerts: ["SmsApiUnreachable", "SmsGatewayBreakerOpen"],
    fault: "upstream",
  },
  {
    name: "the API answers 500",
    upstream: { status: 500 },
    alerts: ["SmsApiErrors", "SmsGatewayBreakerOpen"],
    fault: "upstream",
  },
  {
    name: "the API refuses our credential",
    upstream: { status: 401 },
    alerts: ["SmsApiCredentialsRejected"],
    fault: "gateway",
  },
  {
    name: "the issuer is down",
    env: { AUTH_JWKS_URL: `http://127.0.0.1:${refusedPort()}/keys`, JWKS_COOLDOWN_MS: "1000" },
    upstream: { status: 200 },
    alerts: ["SmsGatewayKeySetMissing", "SmsGatewayKeySetRefreshFailing"],
    fault: "issuer",
  },
  {
    name: "the gateway is overloaded",
    env: { MAX_IN_FLIGHT: "2" },
    upstream: { status: 200, delayMs: 1_000 },
    atOnce: 5,
    alerts: ["SmsGatewayOverloaded"],
    fault: "gateway",
  },
  {
    name: "the API throttles a service plan",
    upstream: { status: 429 },
    alerts: ["SmsApiThrottles", "SmsGatewayThrottlingRises"],
    fault: "caller",
  },
  {
    name: "callers send bad tokens",
    upstream: { status: 200 },
    goodTokens: false,
    alerts: ["SmsGatewayAuthenticationFailures"],
    fault: "caller",
  },
];

const programs = await findPrograms();
if (!programs && Deno.env.get("CI")) throw new Error("no Prometheus: install package prometheus");

Deno.test(
  "in every outage the alerts of its cause fire, no others, and the dashboard shows whose fault it is",
  { ignore: !programs },
  async (t) => {
    // Side by side: most of the time is waiting.
    const seen = await Promise.all(OUTAGES.map(async (outage) => ({
      outage,
      ...await provoke(outage),
    })));
    for (const { outage, firing, shares } of seen) {
      await t.step(outage.name, () => {
        assertEquals(firing, outage.alerts.toSorted());
        assert(shares[outage.fault] > 0.5, JSON.stringify(shares));
        for (const fault of Object.keys(PANELS) as Fault[]) {
          if (fault !== outage.fault) assert(shares[fault] < 0.05, JSON.stringify(shares));
        }
      });
    }
  },
);

async function provoke(outage: Outage) {
  await using upstream = await rawUpstream(async (connection) => {
    while (await connection.readRequest()) {
      await delay(outage.upstream?.delayMs ?? 0);
      await connection.write(rawReply(outage.upstream?.status ?? 200, "{}"));
    }
  });
  await using gateway = await startGateway({
    upstream: outage.upstream ? upstream.url : `http://127.0.0.1:${refusedPort()}`,
    ...(outage.env && { env: outage.env }),
  });
  await using prometheus = await startPrometheus(
    programs!.prometheus,
    `127.0.0.1:${gateway.port}`,
    { speedUp: SPEED_UP },
  );
  await until("the first scrape", async () => (await prometheus.query("up == 1")).length === 1);
  await load(gateway, outage);
  return { firing: await firingAlerts(prometheus), shares: await sharesOf(prometheus) };
}

/** Sends requests for as long as the outage is observed. */
async function load(gateway: GatewayProcess, { goodTokens = true, atOnce = 1 }: Outage) {
  const authorization = `Bearer ${await gateway.token()}${goodTokens ? "" : "x"}`;
  const endsAt = performance.now() + OBSERVED_MS;
  while (performance.now() < endsAt) {
    for (let sent = 0; sent < atOnce; sent++) {
      fetch(gateway.url + BATCHES, { headers: { authorization } })
        .then((response) => response.body?.cancel(), () => {});
    }
    await delay(1_000 * atOnce / REQUESTS_PER_SECOND);
  }
}

async function firingAlerts(prometheus: Prometheus): Promise<string[]> {
  const alerts = await prometheus.query('ALERTS{alertstate="firing"}');
  return [...new Set(alerts.map(({ metric }) => metric.alertname ?? ""))].toSorted();
}

/** What the dashboard's panels show: the share of all requests, per fault. */
async function sharesOf(prometheus: Prometheus): Promise<Record<Fault, number>> {
  const entries = Object.entries(PANELS).map(async ([fault, title]) => {
    const panel = DASHBOARD.panels.find((one: { title: string }) => one.title === title);
    const expression: string = panel.targets[0].expr
      .replaceAll("$job", "sms-gateway").replaceAll("$route", ".*")
      .replaceAll("$__rate_interval", "10s");
    const [series] = await prometheus.query(expression);
    return [fault, series?.value ?? NaN] as const;
  });
  return Object.fromEntries(await Promise.all(entries)) as Record<Fault, number>;
}
