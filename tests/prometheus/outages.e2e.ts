/**
 * Tests which alert fires in which outage, and which fault the dashboard shows, with real gateways,
 * a real Prometheus for each, the shipped rules with all durations divided by the same number
 * (`spedUp` of prometheus.ts), and the dashboard's queries. `ops/prometheus/alerts_test.yaml` tests
 * the rules with their original durations.
 */

import { assert, assertEquals } from "@std/assert";
import type { Fault } from "../../errors/catalog.ts";
import { refusedPort } from "../support/raw_upstream.ts";
import { panelQueries } from "./dashboard.ts";
import { type CallerRequest, type Observed, type Outage, runThrough } from "./outage.ts";
import { findPrograms } from "./prometheus.ts";

/** A request that the callers of an outage repeat. */
const WITH_KEY: CallerRequest = {
  method: "POST",
  headers: { "content-type": "application/json", "idempotency-key": "k" },
  body: "{}",
};

const OUTAGES: readonly Outage[] = [
  {
    name: "the API is killed",
    upstream: "killed",
    alerts: { SmsApiUnreachable: "upstream", SmsGatewayBreakerOpen: "upstream" },
    budget: "upstream",
    fault: "upstream",
  },
  {
    name: "the API answers 500",
    upstream: { status: 500 },
    alerts: { SmsApiErrors: "upstream", SmsGatewayBreakerOpen: "upstream" },
    budget: "upstream",
    fault: "upstream",
  },
  {
    name: "the API refuses our credential",
    upstream: { status: 401 },
    alerts: { SmsApiCredentialsRejected: "gateway" },
    budget: "gateway",
    fault: "gateway",
  },
  {
    name: "the API throttles a service plan",
    upstream: { status: 429 },
    alerts: { SmsApiThrottles: "upstream" },
    fault: "caller", // the caller can resolve it by a lower rate
  },
  {
    name: "the issuer is down since the gateway started",
    env: { AUTH_JWKS_URL: `http://127.0.0.1:${refusedPort()}/keys`, JWKS_COOLDOWN_MS: "1000" },
    fromStart: true,
    alerts: { SmsGatewayKeySetMissing: "issuer", SmsGatewayKeySetRefreshFailing: "issuer" },
    fault: "issuer",
  },
  {
    name: "the gateway is overloaded",
    env: { MAX_IN_FLIGHT: "4" },
    upstream: { status: 200, delayMs: 700 }, // less than the limit of the API's latency
    alerts: { SmsGatewayOverloaded: "gateway" },
    budget: "gateway",
    fault: "gateway",
  },
  {
    name: "the state store is killed",
    state: "killed",
    requests: [WITH_KEY],
    alerts: { SmsGatewayStateUnavailable: "gateway" },
    budget: "gateway",
    fault: "gateway",
  },
  {
    name: "callers repeat a send whose outcome is unknown",
    upstream: { status: 507 },
    requests: [WITH_KEY],
    alerts: { SmsGatewayOutcomesUnknown: "upstream" },
    fault: "upstream",
  },
  {
    name: "callers send expired tokens or no token",
    requests: [{ token: { expiresInS: -60 } }, { token: null }],
    alerts: { SmsGatewayAuthenticationFailures: "caller" },
    fault: "caller",
  },
  {
    name: "callers send requests that are refused with 400, 403, 404, 405 and 415",
    upstream: { status: 403 },
    requests: [
      {},
      { path: "/nowhere" },
      { method: "PATCH" },
      { method: "POST", body: "Hello", headers: { "content-type": "text/plain" } },
      {
        method: "POST",
        body: "x".repeat(2_000_000),
        headers: { "content-type": "application/json" },
      },
    ],
    alerts: {},
    fault: "caller",
  },
];

/** Fault → the panel with its ratio, and the name of its line in the panel with the rates. */
const SHOWN: Readonly<Record<Fault, { readonly stat: string; readonly line: string }>> = {
  gateway: { stat: "Gateway faults", line: "gateway" },
  upstream: { stat: "SMS API faults", line: "SMS API" },
  issuer: { stat: "Issuer faults", line: "issuer" },
  caller: { stat: "Caller faults", line: "caller" },
};
/** The alert on the fast use of an error budget. */
const FAST_BURN = { gateway: "SmsGatewayBudgetBurnsFast", upstream: "SmsApiBudgetBurnsFast" };

/** Whose budget → the query for what is left of it, as the dashboard has it. */
const BUDGET_LEFT = (whose: "gateway" | "upstream") =>
  `${
    panelQueries("Error budget left")[0]!.expression.slice(0, -1)
  }, objective="availability", fault="${whose}"}`;

const FAULTS = Object.keys(SHOWN) as Fault[];

const programs = await findPrograms();
if (!programs && Deno.env.get("CI")) throw new Error("no Prometheus: install package prometheus");

Deno.test(
  "in every outage exactly the alerts of its cause fire, and the dashboard shows its fault",
  { ignore: !programs },
  async (t) => {
    const queries = faultQueries();
    // Outages run concurrently, as they mostly wait.
    const seen = await Promise.all(OUTAGES.map(async (outage) => ({
      outage,
      observed: await runThrough(outage, programs!.prometheus, queries),
    })));
    for (const { outage, observed } of seen) {
      await t.step(outage.name, () => assertObserved(outage, observed));
    }
  },
);

/** The queries of the panels about faults, by the panel's title or the line's name. */
function faultQueries(): Record<string, string> {
  const stats = FAULTS.map((fault) => {
    const [query] = panelQueries(SHOWN[fault].stat);
    return [SHOWN[fault].stat, query!.expression] as const;
  });
  const lines = panelQueries("Requests by fault")
    .map(({ legend, expression }) => [legend, expression] as const);
  return {
    ...Object.fromEntries([...stats, ...lines]),
    "our budget": BUDGET_LEFT("gateway"),
    "the API's budget": BUDGET_LEFT("upstream"),
  };
}

function assertObserved({ alerts, budget, fault, fromStart }: Outage, observed: Observed): void {
  const { before, atEnd } = observed;
  const isOfBudget = ([name]: [string, string]) => name.includes("Budget");
  const fired = Object.entries(observed.fired);
  assertEquals(Object.fromEntries(fired.filter((alert) => !isOfBudget(alert))), { ...alerts });
  // Whether those over hours have fired as well depends on the duration of the test.
  const budgets = new Set(fired.filter(isOfBudget).map(([, whose]) => whose));
  assertEquals([...budgets], budget ? [budget] : []);
  // Nothing is left of the budget that an outage uses, and nothing of the other one is used.
  const left = { gateway: atEnd["our budget"]!, upstream: atEnd["the API's budget"]! };
  for (const whose of ["gateway", "upstream"] as const) {
    assert(whose === budget ? left[whose] < 0 : !(left[whose] < 0), JSON.stringify(left));
  }
  if (budget) assert(observed.fired[FAST_BURN[budget]] === budget, JSON.stringify(observed.fired));
  for (const each of FAULTS) {
    const { stat, line } = SHOWN[each];
    const values = `${each}: ${JSON.stringify({ before, atEnd })}`;
    if (!fromStart) assert(before[stat] === 0 && !(before[line]! > 0), values);
    // The rate of a fault that never occurred has no series: NaN.
    if (each === fault) assert(atEnd[stat]! > 0.5 && atEnd[line]! > 5, values);
    else assert(atEnd[stat]! < 0.05 && !(atEnd[line]! > 1), values);
  }
  if (!fromStart) assert(before.none! > 5, JSON.stringify(before));
}
