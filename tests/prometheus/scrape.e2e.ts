import { assert, assertEquals } from "@std/assert";
import { otlpSink } from "../observability/otlp_sink.ts";
import { startGateway } from "../observability/gateway_process.ts";
import { issuer, tokenFor } from "../observability/traced_request.ts";
import { until } from "../observability/until.ts";
import { rawReply, rawUpstream } from "../support/raw_upstream.ts";
import { panelQueries } from "./dashboard.ts";
import { findPrograms, startPrometheus } from "./prometheus.ts";

const OPS = `${import.meta.dirname}/../../ops/prometheus`;
const ROUTE = "/xms/v1/{service_plan_id}/batches";

const programs = await findPrograms();
if (!programs) {
  const missing = "no Prometheus: install Debian's package prometheus";
  if (Deno.env.get("CI")) throw new Error(missing);
  // deno-lint-ignore no-console -- reports the skipped tests
  console.log(`skipped: ${missing}`);
}
const ignore = !programs;

const CHECKS: readonly [what: string, args: readonly string[]][] = [
  ["alert rules", ["check", "rules", `${OPS}/alerts.yaml`]],
  ["tests of the alert rules", ["test", "rules", `${OPS}/alerts_test.yaml`]],
  ["objectives", ["check", "rules", `${OPS}/objectives.yaml`]],
  ["tests of the objectives", ["test", "rules", `${OPS}/objectives_test.yaml`]],
  ["configuration", ["check", "config", `${OPS}/prometheus.yaml`]],
];

for (const [what, args] of CHECKS) {
  Deno.test(`promtool accepts the ${what}`, { ignore }, async () => {
    assertEquals(await promtool(args), { code: 0, problems: "" });
  });
}

/** The questions of ops/README.md that Prometheus answers, with their queries. */
const QUERIES: readonly [
  question: string,
  expression: string,
  holds: (value: number) => boolean,
][] = [
  ["is it up", 'up{job="sms-gateway"}', (value) => value === 1],
  [
    "how many succeeded",
    `http_server_request_duration_seconds_count{http_response_status_code="200",http_route="${ROUTE}"}`,
    (value) => value === 3,
  ],
  [
    "how many were refused with unknown_group",
    'sum(http_server_request_duration_seconds_count{http_response_status_code="403",sms_gateway_error_code="unknown_group",sms_gateway_error_origin="upstream"})',
    (value) => value === 1,
  ],
  [
    "which plan's credential is refused",
    "sms_gateway_upstream_credential_rejections_total",
    (value) => value === 1,
  ],
  [
    "why are tokens refused",
    'sum by (reason) (sms_gateway_authentication_failures_total{reason="missing"})',
    (value) => value === 2,
  ],
  [
    "how long does the API take",
    "histogram_quantile(0.99, sum by (le) (http_client_request_duration_seconds_bucket))",
    (value) => value > 0 && value <= 10,
  ],
  ["how old are the keys", "sms_gateway_key_set_age_seconds", (value) => value > 0 && value < 60],
  [
    "were the keys fetched",
    'sms_gateway_key_set_refreshes_total{outcome="ok"}',
    (value) => value === 1,
  ],
  ["is the breaker closed", "sms_gateway_breaker_state", (value) => value === 0],
  ["are no requests outstanding", "sum(sms_gateway_outstanding_requests)", (value) => value === 0],
  ["are no requests active", "sum(http_server_active_requests)", (value) => value === 0],
  [
    "what became of the requests with a key",
    'sms_gateway_idempotency_requests_total{outcome="replayed"}',
    (value) => value === 2,
  ],
  [
    "were they sent",
    'sms_gateway_idempotency_requests_total{outcome="first"}',
    (value) => value === 1,
  ],
  ["does the state store answer", "sms_gateway_state_reachable", (value) => value === 1],
  [
    "how long does the state store take",
    'histogram_quantile(0.99, sum by (le) (sms_gateway_state_operation_duration_seconds_bucket{operation="claim",outcome="ok"}))',
    (value) => value > 0 && value <= 0.5,
  ],
  ["are repeats without outcome no outage", "sms_gateway:unknown_repeats:rate5m", (v) => v === 0],
  ["how many burn rates are there", "count(sms_gateway:burn_rate:1h)", (value) => value === 4],
  [
    "how many budgets are there",
    "count(sms_gateway:error_budget_left:ratio30d)",
    (value) => value === 4,
  ],
  ["is no telemetry dropped", "sum(sms_gateway_telemetry_dropped_total)", (value) => value === 0],
  ["what is the rate of requests", "sms_gateway:requests:rate5m", (value) => value >= 0],
  [
    "which fault do the failures have",
    'sms_gateway:failures:rate5m{sms_gateway_error_fault="gateway",sms_gateway_error_code="upstream_credentials_rejected"}',
    (value) => value >= 0,
  ],
  [
    "does the alert of a refused credential fire",
    'ALERTS{alertname="SmsApiCredentialsRejected",alertstate="firing",severity="critical",fault="gateway"}',
    (value) => value === 1,
  ],
];

/** The objectives, as the dashboard names them. */
const OBJECTIVES = [
  "gateway availability",
  "gateway latency",
  "upstream availability",
  "upstream latency",
];

/** Panel of the dashboard → its lines after the requests below. */
const PANELS: readonly [title: string, lines: readonly string[]][] = [
  ["Error budget left", OBJECTIVES],
  ["Burn rate", OBJECTIVES],
  ["Circuit breaker", [""]],
  ["Service plan limits", ["not throttled", "plan-1", "plan-2"]],
  ["Idempotency outcomes", ["first", "replayed"]],
  ["State store latency", ["claim p50", "claim p99", "update p50", "update p99"]],
  ["State store failures", ["instances without store"]],
];

/** Fills the labels of a series into the legend of a panel. */
function named(legend: string, labels: Readonly<Record<string, string>>): string {
  return legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? "");
}

Deno.test(
  "a real Prometheus scrapes the gateway, records its rules and answers the operator's questions",
  {
    ignore,
  },
  async (t) => {
    await using issuerServer = serveKeys();
    await using sink = otlpSink();
    const replies = [200, 200, 200, 403, 401, 201];
    const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => Deno.remove(folder, { recursive: true }));
    await using upstream = await rawUpstream(async (connection) => {
      while (await connection.readRequest()) {
        const status = replies.shift() ?? 500;
        await connection.write(rawReply(status, '{"code":"unknown_group","text":"t"}'));
      }
    });
    await using gateway = await startGateway({
      upstream: upstream.url,
      issuer,
      env: {
        OTLP_ENDPOINT: sink.url,
        AUTH_JWKS_URL: issuerServer.url,
        STATE_URL: `sqlite:${folder}/state.db`,
      },
    });
    await using prometheus = await startPrometheus(
      programs!.prometheus,
      `127.0.0.1:${gateway.port}`,
    );
    await until("the first scrape", async () => (await prometheus.query("up == 1")).length === 1);

    const authorization = `Bearer ${await tokenFor()}`;
    const statuses = [200, 200, 200, 403, 503, 401, 401];
    for (const status of statuses) {
      const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
        headers: status === 401 ? {} : { authorization },
      });
      await response.body?.cancel();
      assertEquals(response.status, status);
    }

    for (let sends = 0; sends < 3; sends++) {
      const response = await fetch(`${gateway.url}/xms/v1/plan-1/batches`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json", "idempotency-key": "k" },
        body: "{}",
      });
      await response.body?.cancel();
      assertEquals(response.status, 201);
    }

    for (const [question, expression, holds] of QUERIES) {
      await t.step(question, async () => {
        // Waits for the next scrape and evaluation; fails after the timeout.
        const [series, ...more] = await until(`an answer to ${expression}`, async () => {
          const found = await prometheus.query(expression);
          return found.length > 0 && found.every(({ value }) => holds(value)) && found;
        });
        assert(series && more.length === 0, `${1 + more.length} series`);
      });
    }

    for (const [title, lines] of PANELS) {
      await t.step(`the panel "${title}" shows ${lines.join(", ")}`, async () => {
        const shown = panelQueries(title).map(async ({ legend, expression }) => {
          // A rate needs two scrapes: here the total is enough.
          const totals = expression.replaceAll(/(?:rate|increase)\(([^()]*)\[5s\]\)/g, "$1");
          const series = await prometheus.query(totals);
          return series.map(({ metric }) => named(legend, metric));
        });
        assertEquals((await Promise.all(shown)).flat().toSorted(), lines);
      });
    }

    await t.step("no other alert fires", async () => {
      const firing = await prometheus.query('ALERTS{alertstate="firing"}');
      assertEquals(firing.map(({ metric }) => metric.alertname), ["SmsApiCredentialsRejected"]);
    });

    await t.step("promtool accepts /metrics", async () => {
      const metrics = await fetch(`${gateway.url}/metrics`);
      assertEquals(metrics.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
      const checked = await promtool(["check", "metrics"], await metrics.text());
      assertEquals(checked, { code: 0, problems: "" });
    });
  },
);

/** Serves the issuer's keys by URL, so that there are metrics of their age and fetches. */
function serveKeys(): AsyncDisposable & { url: string } {
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json(issuer.jwks),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}/keys`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Runs promtool with arguments and standard input. */
async function promtool(args: readonly string[], input = "") {
  const child = new Deno.Command(programs!.promtool, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  const problems = decoder.decode(stderr) + (code === 0 ? "" : decoder.decode(stdout));
  return { code, problems };
}
