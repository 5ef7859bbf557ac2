import { assert, assertEquals } from "@std/assert";
import { parseConfig } from "../../config.ts";
import type { Exchange } from "../../exchange.ts";
import { TransportError } from "../../errors/transport_error.ts";
import { createGateway } from "../../gateway.ts";
import { OPERATIONS } from "../../operations.ts";
import { MAX_SHOWN } from "../../telemetry/gauges.ts";
import type { MetricSources } from "../../telemetry/metric_sources.ts";
import { COUNTRY_CODES } from "../../policies/countries.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import {
  MAX_NAMED_PAIRS,
  MAX_NAMED_POLICIES,
  OTHER_POLICIES,
} from "../../telemetry/policy_labels.ts";
import type { UpstreamReply } from "../../upstream/transport.ts";
import { callbackGateway, recipientReport, signed } from "../callbacks/kit.ts";
import { otlpSink } from "../observability/otlp_sink.ts";
import { parseMetrics, samplesOf, type Scrape, total } from "../observability/prometheus_text.ts";
import { jsonReply, testEnv, type TestGateway, testGateway } from "../support/gateway.ts";
import { otlpTarget } from "../support/otlp_target.ts";
import { testIssuer } from "../support/issuer.ts";
import { VERSION } from "../../version.ts";

const BATCHES = "/xms/v1/plan-1/batches";
const ROUTE = "/xms/v1/{service_plan_id}/batches";
const SERVER = "http_server_request_duration_seconds";
const CLIENT = "http_client_request_duration_seconds";

const SOURCES: MetricSources = {
  outstanding: () => new Map([[ROUTE, 3]]),
  keySetAgesS: () => new Map([["issuer.example", 61.5]]),
  tokens: () => ({ oldestTokenMs: 2_500 }),
  breakerState: () => "half_open",
  stateReachable: () => true,
  settingFiles: () => ({ names: ["SERVICE_PLANS_FILE"], refused: ["SERVICE_PLANS_FILE"] }),
  planLimits: () => new Map([["plan-1", 5]]),
  process: () => ({ cpuS: 1.5, residentBytes: 1e8, startTimeS: 1.7e9 }),
  planLimitMax: 1_000,
  budgets: () => [{ policy: "shop", unit: "day", limit: 100, used: 120 }],
  dropped: () => ({ traces: 5, logs: 7 }),
};

function testMetrics(
  otlpEndpoint?: string,
  { callbacks = false, sources = SOURCES } = {},
): Metrics {
  const metrics = new Metrics({
    resource: { "service.name": "test", "service.version": VERSION },
    push: otlpEndpoint === undefined
      ? undefined
      : { target: otlpTarget(`${otlpEndpoint}/v1/metrics`) },
    callbacks,
  });
  metrics.registerGauges({ ...sources, ...callbacks && { batchesLost: () => 2 } });
  return metrics;
}

const scrape = async (metrics: Metrics) => parseMetrics(await metrics.prometheus());

/** A request that sent a message part to every country, and broke every rule, of a policy. */
async function exchangeOf(): Promise<(name: string) => Exchange> {
  const policies = [{ name: "p", callers: ["*"], countries: ["SE"] }];
  const { request, exchanges } = await testGateway({
    env: { POLICIES: JSON.stringify(policies) },
    upstream: () => jsonReply(201, { id: "b1" }),
  });
  await request(BATCHES, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"to":["46701234567"],"body":"Hi"}',
  });
  const [exchange] = exchanges;
  assert(exchange?.policy);
  const { policy: applied } = exchange;
  const countries = new Map(COUNTRIES.map((code) => [code, 1] as const));
  return (name) => ({
    ...exchange,
    policy: {
      ...applied,
      policy: { ...applied.policy, name },
      messages: 1,
      countries,
      violations: VIOLATIONS,
    },
  });
}

const COUNTRIES = [...COUNTRY_CODES, "other"];
const VIOLATIONS = ["body", "sender", "groups", "group_size", "country", "quota"] as const;

/** Sum of a metric for each value of the label `policy`. */
function byPolicy(samples: ReturnType<typeof samplesOf>): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { labels: { policy = "none" }, value } of samples) {
    sums.set(policy, (sums.get(policy) ?? 0) + value);
  }
  return sums;
}

Deno.test("policies in all countries are counted by their names, and beyond the limit together", async () => {
  const exchange = await exchangeOf();
  const metrics = testMetrics();
  const names = Array.from({ length: MAX_NAMED_POLICIES }, (_, i) => `policy-${i}`);
  const further = 10;
  for (const name of names) metrics.finished(exchange(name), 1);
  for (let i = 0; i < further; i++) metrics.finished(exchange(`further-${i}`), 1);
  const metricsText = await scrape(metrics);
  const perRequest = {
    sms_gateway_policy_requests_total: 1,
    sms_gateway_policy_violations_total: VIOLATIONS.length,
    sms_gateway_messages_total: COUNTRIES.length,
  };
  for (const [metric, count] of Object.entries(perRequest)) {
    const expected = new Map([
      ...names.map((name) => [name, count] as const),
      [OTHER_POLICIES, further * count],
    ]);
    assertEquals(byPolicy(samplesOf(metricsText, metric)), expected, metric);
  }
  assertEquals(
    samplesOf(metricsText, "sms_gateway_messages_total").length,
    MAX_NAMED_PAIRS + MAX_NAMED_POLICIES + 1,
  );
});

Deno.test("of more budgets and plans than are shown, the most used and the most throttled are", async () => {
  const count = MAX_SHOWN + 1_000;
  const indexes = Array.from({ length: count }, (_, i) => i);
  const metrics = testMetrics(undefined, {
    sources: {
      ...SOURCES,
      budgets: () =>
        indexes.map((i) => ({ policy: `p${i}`, unit: "day", limit: 10 * count, used: 10 * i })),
      planLimits: () => new Map(indexes.map((i) => [`plan-${i}`, i + 1])),
    },
  });
  const metricsText = await scrape(metrics);
  const left = samplesOf(metricsText, "sms_gateway_budget_left");
  assertEquals(left.length, MAX_SHOWN);
  assertEquals(Math.max(...left.map(({ value }) => value)), 10 * MAX_SHOWN);
  const limit = samplesOf(metricsText, "sms_gateway_budget_limit");
  const policies = (samples: typeof left) => new Set(samples.map(({ labels }) => labels.policy));
  assertEquals(policies(limit), policies(left));
  const limits = samplesOf(metricsText, "sms_gateway_service_plan_limit");
  assertEquals(limits.length, MAX_SHOWN);
  assertEquals(Math.max(...limits.map(({ value }) => value)), MAX_SHOWN);
});

Deno.test("a gauge shows what its source has now, however much it has shown before", async () => {
  const budgets = (prefix: string) =>
    Array.from(
      { length: 1_500 },
      (_, i) => ({ policy: `${prefix}-${i}`, unit: "day", limit: 100, used: 100 }),
    );
  let now = budgets("first");
  const metrics = testMetrics(undefined, { sources: { ...SOURCES, budgets: () => now } });
  await scrape(metrics);
  now = budgets("second");
  const shown = samplesOf(await scrape(metrics), "sms_gateway_budget_left");
  assertEquals(shown.map(({ labels }) => labels.policy), now.map(({ policy }) => policy));
});

/** The metrics after requests that take 1.5 s each. */
async function metricsOf(
  options: Parameters<typeof testGateway>[0],
  ask: (gateway: TestGateway) => Promise<unknown>,
): Promise<Scrape> {
  const gateway = await testGateway(options);
  await ask(gateway);
  const metrics = testMetrics();
  for (const exchange of gateway.exchanges) {
    metrics.started(exchange);
    metrics.finished(exchange, 1_500);
  }
  return await scrape(metrics);
}

/** Every metric, its type, and all labels that it may have. */
const INSTRUMENTS: readonly [name: string, type: string, labels: readonly string[]][] = [
  [SERVER, "histogram", [
    "error_type",
    "http_request_method",
    "http_response_status_code",
    "http_route",
    "le",
    "sms_gateway_error_code",
    "sms_gateway_error_fault",
    "sms_gateway_error_origin",
    "url_scheme",
  ]],
  [CLIENT, "histogram", [
    "error_type",
    "http_request_method",
    "http_response_status_code",
    "le",
    "server_address",
    "server_port",
    "url_template",
  ]],
  ["http_server_active_requests", "gauge", ["http_request_method", "url_scheme"]],
  ["sms_gateway_batches_lost_total", "counter", []],
  ["sms_gateway_outstanding_requests", "gauge", ["http_route"]],
  ["sms_gateway_authentication_failures_total", "counter", ["reason"]],
  ["sms_gateway_key_set_age_seconds", "gauge", ["issuer"]],
  ["sms_gateway_key_set_refreshes_total", "counter", ["issuer", "outcome"]],
  ["sms_gateway_upstream_token_fetches_total", "counter", ["outcome"]],
  ["sms_gateway_upstream_credential_rejections_total", "counter", []],
  ["sms_gateway_retries_total", "counter", []],
  ["sms_gateway_idempotency_requests_total", "counter", ["outcome"]],
  ["sms_gateway_policy_requests_total", "counter", ["mode", "policy"]],
  ["sms_gateway_policy_violations_total", "counter", ["mode", "policy", "rule"]],
  ["sms_gateway_state_operation_duration_seconds", "histogram", ["le", "operation", "outcome"]],
  ["sms_gateway_state_reachable", "gauge", []],
  ["sms_gateway_messages_total", "counter", ["country", "outcome", "policy"]],
  ["sms_gateway_budget_reservations_total", "counter", ["counted_by"]],
  ["sms_gateway_budget_left", "gauge", ["policy", "window"]],
  ["sms_gateway_budget_limit", "gauge", ["policy", "window"]],
  ["sms_gateway_setting_file_usable", "gauge", ["setting"]],
  ["sms_gateway_setting_file_changes_total", "counter", ["outcome", "setting"]],
  ["sms_gateway_upstream_token_age_seconds", "gauge", []],
  ["sms_gateway_breaker_state", "gauge", []],
  ["sms_gateway_service_plan_limit", "gauge", ["sms_gateway_service_plan_id"]],
  ["sms_gateway_service_plan_limit_max", "gauge", []],
  ["sms_gateway_telemetry_dropped_total", "counter", ["signal"]],
  ["sms_gateway_callbacks_total", "counter", ["outcome", "relay", "type"]],
  ["sms_gateway_callback_refusals_total", "counter", ["reason"]],
  ["sms_gateway_deliveries_total", "counter", ["code", "status"]],
  ["sms_gateway_delivery_time_seconds", "histogram", ["le"]],
  ["sms_gateway_relay_duration_seconds", "histogram", ["le", "relay", "result"]],
  ["process_cpu_seconds_total", "counter", []],
  ["process_resident_memory_bytes", "gauge", []],
  ["process_start_time_seconds", "gauge", []],
  ["target_info", "gauge", ["service_name", "service_version"]],
  ["sms_gateway_build_info", "gauge", ["version"]],
];

/** Members of the exchange of a message to two recipients, one of them in Sweden. */
const POLICY_MEMBERS: Pick<Exchange, "policy" | "budget"> = {
  policy: {
    policy: { name: "shop", callers: ["*"], groups: true, mode: "live" },
    messages: 4,
    recipients: 2,
    parts: 2,
    countries: new Map([["SE", 2], ["other", 2]]),
    violations: [],
  },
  budget: { countedBy: "store", windows: [] },
};

Deno.test("the metrics are exactly the documented names, types and labels", async () => {
  const replies: (() => UpstreamReply | Promise<never>)[] = [
    () => jsonReply(200, {}),
    () => jsonReply(401, {}),
    () => jsonReply(503, {}),
    () => Promise.reject(new TransportError(true, "network", { cause: 0 })),
  ];
  const policies = [{ name: "p", callers: ["billing"], countries: ["SE"], mode: "warn" }];
  const gateway = await testGateway({
    env: { POLICIES: JSON.stringify(policies) },
    upstream: () => (replies.shift() ?? (() => jsonReply(200, {})))(),
  });
  const metrics = testMetrics(undefined, { callbacks: true });
  for (let requests = 0; requests < 3; requests++) await gateway.request(BATCHES);
  await gateway.request(BATCHES, { token: null });
  const headers = { "content-type": "application/json", "idempotency-key": "key-1" };
  await gateway.request(BATCHES, { method: "POST", headers, body: "{}" });
  await gateway.request(BATCHES, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"to":["4915112345678"]}',
    token: { subject: "billing" },
  });
  const callbacks = await callbackGateway();
  const report = recipientReport(await callbacks.send("billing"));
  await callbacks.post(signed(report));
  await callbacks.post(signed(report, { secret: "another" }));
  for (const exchange of [...gateway.exchanges, ...callbacks.gateway.exchanges]) {
    metrics.finished(exchange, 1);
  }
  metrics.finished({ ...gateway.exchanges[0]!, ...POLICY_MEMBERS }, 1);
  metrics.started(gateway.exchanges[0]!);
  metrics.keySetRefreshed("ok", "issuer.example");
  metrics.tokenFetched("ok");
  metrics.keySetRefreshed("failed", "issuer.example");
  metrics.settingFileRead("SERVICE_PLANS_FILE", "taken");
  metrics.stateOperation({ operation: "claim", outcome: "ok", durationMs: 1 });
  const { types, samples } = await scrape(metrics);
  const labels = Map.groupBy(
    samples,
    ({ name }) => types.has(name) ? name : name.replace(/_(sum|count|bucket)$/, ""),
  );
  assertEquals(
    [...types].map(([name, type]) => [
      name,
      type,
      [...new Set(labels.get(name)?.flatMap((sample) => Object.keys(sample.labels)))].toSorted(),
    ]).toSorted(),
    INSTRUMENTS.map((instrument) => [...instrument]).toSorted(),
  );
});

Deno.test("ops/README.md lists every metric of the gateway", async () => {
  const text = await Deno.readTextFile(new URL("../../ops/README.md", import.meta.url));
  const listed = [...text.matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  const own = INSTRUMENTS.map(([name]) => name).filter((name) => name !== "target_info");
  assertEquals(own.filter((name) => !listed.includes(name)), []);
});

for (
  const file of [
    "ops/README.md",
    "ops/grafana/dashboard.json",
    "ops/prometheus/alerts.yaml",
    "ops/prometheus/alerts_test.yaml",
  ]
) {
  Deno.test(`${file} names only metrics and labels that exist`, async () => {
    const text = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    const names = text.match(/\b(http_(server|client)|sms_gateway)_[a-z_]+\b/g) ?? [];
    const known = new Set(INSTRUMENTS.flatMap(([name, , labels]) => [name, ...labels]));
    const unknown = names.map((name) => name.replace(/_(bucket|count|sum)$/, ""))
      .filter((name) => !known.has(name));
    assert(names.length > 10);
    assertEquals(unknown, []);
  });
}

Deno.test("durations are in seconds, in the buckets of the semantic conventions", async () => {
  const metrics = await metricsOf({}, ({ request }) => request(BATCHES));
  const buckets = samplesOf(metrics, `${SERVER}_bucket`);
  assertEquals(
    buckets.map(({ labels, value }) => [labels.le, value]),
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, "+Inf"]
      .map((bound) => [String(bound), Number(bound === "+Inf" || Number(bound) >= 1.5)]),
  );
  assertEquals(total(metrics, `${SERVER}_sum`), 1.5);
  const [client] = samplesOf(metrics, `${CLIENT}_sum`);
  assert(client && client.value < 1 && client.value > 0);
  assertEquals(samplesOf(metrics, `${CLIENT}_bucket`).length, buckets.length);
});

interface Outcome {
  readonly name: string;
  readonly reply?: () => UpstreamReply | Promise<never>;
  readonly path?: string;
  readonly init?: Parameters<TestGateway["request"]>[1];
  /** All labels of the server's duration, except method and route. */
  readonly server: Readonly<Record<string, string>>;
  /** Labels of the client's count. */
  readonly client?: Readonly<Record<string, string>>;
}

const failing = (reason: TransportError["reason"]) => () =>
  Promise.reject(new TransportError(true, reason, { cause: 0 }));

const serverLabels = (
  status: number,
  code?: string,
  origin?: string,
  { fault, error }: { fault?: string; error?: string } = {},
) => ({
  http_request_method: "GET",
  http_response_status_code: String(status),
  http_route: ROUTE,
  url_scheme: "http",
  ...(code && { sms_gateway_error_code: code }),
  ...(origin && { sms_gateway_error_origin: origin }),
  ...(origin && { sms_gateway_error_fault: fault ?? "caller" }),
  ...(error && { error_type: error }),
});

const clientLabels = (status: string, error?: string) => ({
  http_request_method: "GET",
  http_response_status_code: status,
  server_address: "upstream.test",
  server_port: "80",
  url_template: ROUTE,
  ...(error && { error_type: error }),
});

const { http_response_status_code: _, ...unanswered } = clientLabels("");
const { http_route: __, ...unrouted } = serverLabels(404, "not_found", "gateway");

const OUTCOMES: readonly Outcome[] = [
  { name: "a success", server: serverLabels(200), client: clientLabels("200") },
  {
    name: "a refusal of the gateway",
    init: { token: null },
    server: serverLabels(401, "unauthorized", "gateway"),
  },
  { name: "an unknown path", path: "/46701234567", server: unrouted },
  {
    name: "a wrong method",
    init: { method: "PATCH" },
    server: { ...serverLabels(405, "method_not_allowed", "gateway"), http_request_method: "PATCH" },
  },
  {
    name: "an unknown method",
    init: { method: "X46701234567" },
    server: {
      ...serverLabels(405, "method_not_allowed", "gateway"),
      http_request_method: "_OTHER",
    },
  },
  {
    name: "a documented code of the API",
    reply: () => jsonReply(403, { code: "unknown_group", text: "t" }),
    server: serverLabels(403, "unknown_group", "upstream"),
    client: clientLabels("403", "403"),
  },
  {
    name: "an undocumented code of the API",
    reply: () => jsonReply(400, { code: "code_46701234567", text: "t" }),
    server: serverLabels(400, "_OTHER", "upstream"),
    client: clientLabels("400", "400"),
  },
  {
    name: "a failure of the API",
    reply: () => jsonReply(500, {}),
    server: serverLabels(500, "internal_error", "upstream", { fault: "upstream", error: "500" }),
    client: clientLabels("500", "500"),
  },
  {
    name: "a timeout",
    reply: failing("timeout"),
    server: serverLabels(504, "upstream_timeout", "gateway", { fault: "upstream", error: "504" }),
    client: { ...unanswered, error_type: "upstream_timeout" },
  },
  {
    name: "a streamed answer that broke off",
    reply: () => ({
      status: 200,
      headers: [],
      body: new ReadableStream({
        pull: (c) => c.error(new TransportError(true, "network", { cause: 0 })),
      }),
    }),
    server: serverLabels(200, "upstream_connection_lost", "gateway", {
      fault: "upstream",
      error: "upstream_connection_lost",
    }),
    client: clientLabels("200"),
  },
];

for (const { name, reply, path = BATCHES, init, server, client } of OUTCOMES) {
  Deno.test(`${name} is counted by route, method, status, code, origin and fault only`, async () => {
    const options = { env: { RETRY_ATTEMPTS: "0" }, ...(reply && { upstream: reply }) };
    const metrics = await metricsOf(options, async ({ request, exchanges }) => {
      await (await request(path, init)).bytes().catch(() => {});
      await exchanges[0]?.streamed?.catch(() => {});
    });
    assertEquals(samplesOf(metrics, `${SERVER}_count`).map(({ labels }) => labels), [server]);
    assertEquals(
      samplesOf(metrics, `${CLIENT}_count`).map(({ labels }) => labels),
      client ? [client] : [],
    );
  });
}

Deno.test("refused tokens are counted by reason, and a refused API credential separately", async () => {
  const reasons: [string, Parameters<TestGateway["request"]>[1]][] = [
    ["missing", { token: null }],
    ["malformed", { headers: { authorization: "Bearer a.b" } }],
    ["expired", { token: { expiresInS: -60 } }],
    ["not_yet_valid", { token: { notBeforeInS: 600 } }],
    ["unknown_key", { token: { header: { kid: "another" } } }],
    ["issuer", { token: { issuer: "another" } }],
    ["audience", { token: { audience: "another" } }],
    ["claims", { token: { expiresInS: null } }],
    ["type", { token: { header: { typ: "dpop+jwt" } } }],
    ["service_plan", { token: { servicePlans: [] } }],
  ];
  const metrics = await metricsOf(
    { upstream: () => jsonReply(401, {}) },
    async ({ request }) => {
      for (const [, init] of reasons) await request(BATCHES, init);
      await request(BATCHES);
    },
  );
  assertEquals(
    samplesOf(metrics, "sms_gateway_authentication_failures_total")
      .map(({ labels, value }) => [labels.reason, value]),
    reasons.map(([reason]) => [reason, 1]),
  );
  assertEquals(total(metrics, "sms_gateway_upstream_credential_rejections_total"), 1);
});

Deno.test("retries are counted, and the duration of each attempt is recorded", async () => {
  let tries = 0;
  const metrics = await metricsOf(
    { upstream: () => jsonReply(++tries < 3 ? 503 : 200, {}) },
    ({ request }) => request(BATCHES),
  );
  assertEquals(total(metrics, "sms_gateway_retries_total"), 2);
  assertEquals(
    samplesOf(metrics, `${CLIENT}_count`).map(({ labels, value }) => [
      labels.http_response_status_code,
      value,
    ]),
    [["503", 2], ["200", 1]],
  );
});

Deno.test("gauges have the values of their sources at the time of the scrape", async () => {
  const metrics = await scrape(testMetrics());
  assertEquals(total(metrics, "sms_gateway_outstanding_requests", { http_route: ROUTE }), 3);
  assertEquals(total(metrics, "sms_gateway_key_set_age_seconds"), 61.5);
  assertEquals(total(metrics, "sms_gateway_breaker_state"), 1);
  assertEquals(total(metrics, "sms_gateway_state_reachable"), 1);
  assertEquals(total(metrics, "sms_gateway_telemetry_dropped_total", { signal: "traces" }), 5);
  assertEquals(total(metrics, "sms_gateway_telemetry_dropped_total", { signal: "logs" }), 7);
});

Deno.test("10,000 requests with random ids, subjects, methods and paths add no series, and active requests return to 0", async () => {
  const issuer = await testIssuer("EdDSA");
  const random = (size = 8) =>
    [...crypto.getRandomValues(new Uint8Array(size))].map((b) => b.toString(36)).join("");
  let asked = 0;
  const gateway = createGateway(parseConfig(testEnv(issuer)), {
    transport: {
      send: () => {
        if (asked++ % 3 === 0) return Promise.resolve(jsonReply(200, {}));
        return Promise.resolve(jsonReply(400, { code: `code_${random()}`, text: "t" }));
      },
      close: () => Promise.resolve(),
    },
  });
  const templates = [...new Set(OPERATIONS.map(({ path }) => path))];
  const msisdn = () => String(10_000_000_000 + Math.floor(Math.random() * 1e10));

  async function request(round: number): Promise<void> {
    const plan = "plan-1";
    const path = round % 5 === 0
      ? `/${random()}/${random()}`
      : templates[round % templates.length]!.replace("{service_plan_id}", plan)
        .replace("{recipient_msisdn}", msisdn()).replace(/\{\w+\}/, random());
    const method = round % 7 === 0 ? `X${random()}`.toUpperCase() : "GET";
    const token = await issuer.token({ subject: random() });
    const answer = await gateway.fetch(
      new Request(`http://gateway.test${path}?${random()}=${random()}`, {
        method,
        headers: { authorization: `Bearer ${token}`, "x-request-id": random() },
      }),
    );
    await answer.bytes();
  }
  const series = async () => {
    const metrics = await gateway.fetch(new Request("http://gateway.test/metrics"));
    return parseMetrics(await metrics.text());
  };

  for (let round = 0; round < 1_000; round++) await request(round);
  const before = await series();
  for (let round = 1_000; round < 10_000; round += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => request(round + index)));
  }
  const after = await series();
  const labelled = ({ samples }: Scrape) =>
    samples.map(({ name, labels }) => JSON.stringify([name, labels])).toSorted();
  assertEquals(labelled(after), labelled(before));
  assertEquals(total(after, `${SERVER}_count`), 10_000);
  assert(total(after, `${CLIENT}_count`) > 1_000);
  assertEquals(total(after, "http_server_active_requests"), 0);
  assertEquals(total(after, "sms_gateway_outstanding_requests"), 0);
  await gateway.close();
});

Deno.test("a request counts as active and outstanding until it ends", async () => {
  const { promise: clientLabels, resolve: answer } = Promise.withResolvers<UpstreamReply>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  const issuer = await testIssuer();
  const gateway = createGateway(parseConfig(testEnv(issuer)), {
    transport: {
      send: () => {
        arrive();
        return clientLabels;
      },
      close: () => Promise.resolve(),
    },
  });
  const ask = async (path: string, headers: Record<string, string> = {}) =>
    await gateway.fetch(new Request(`http://gateway.test${path}`, { headers }));
  const counts = async () => {
    const metrics = parseMetrics(await (await ask("/metrics")).text());
    return [
      total(metrics, "http_server_active_requests", { http_request_method: "GET" }),
      total(metrics, "sms_gateway_outstanding_requests", { http_route: ROUTE }),
    ];
  };
  const response = ask(BATCHES, { authorization: `Bearer ${await issuer.token()}` });
  await arrived;
  assertEquals(await counts(), [1, 1]);
  answer(jsonReply(200, {}));
  await response;
  assertEquals(await counts(), [0, 0]);
  await gateway.close();
});

Deno.test("pushed metrics have their names and units, and are pushed at the shutdown at the latest", async () => {
  await using sink = otlpSink();
  const { exchanges, request } = await testGateway();
  await request(BATCHES);
  const metrics = testMetrics(sink.url);
  metrics.finished(exchanges[0]!, 1_500);
  await metrics.shutdown();
  const [pushed, ...more] = sink.exports;
  assertEquals([pushed?.path, pushed?.type, more.length], ["/v1/metrics", "application/json", 0]);
  const [{ resource, scopeMetrics }] = JSON.parse(pushed!.body).resourceMetrics;
  const metricsOf = scopeMetrics.flatMap(({ metrics }: { metrics: unknown[] }) => metrics);
  assertEquals(resource.attributes, [
    { key: "service.name", value: { stringValue: "test" } },
    { key: "service.version", value: { stringValue: VERSION } },
  ]);
  const units = metricsOf.map(({ name, unit }: Record<string, string>) => [name, unit]);
  assertEquals(Object.fromEntries(units), {
    "http.server.request.duration": "s",
    "http.client.request.duration": "s",
    "http.server.active_requests": "{request}",
    "sms_gateway.outstanding_requests": "",
    "sms_gateway.service_plan.limit": "",
    "sms_gateway.service_plan.limit_max": "",
    "sms_gateway.key_set.age": "s",
    "sms_gateway.upstream_token.age": "s",
    "sms_gateway.breaker_state": "",
    "sms_gateway.state.reachable": "",
    "sms_gateway.budget.left": "",
    "sms_gateway.budget.limit": "",
    "sms_gateway.setting_file.usable": "",
    "process.cpu": "s",
    "process.resident_memory.bytes": "",
    "process.start_time": "s",
    "sms_gateway.telemetry_dropped": "",
    "sms_gateway.build_info": "",
  });
  const { histogram: { dataPoints: [point] } } = metricsOf.find(({ name }: { name: string }) =>
    name === "http.server.request.duration"
  );
  assertEquals([point.count, point.sum, point.explicitBounds.length], [1, 1.5, 14]);
});

for (const status of [200, 400, 503] as const) {
  Deno.test(`a collector that ${status === 200 ? "hangs" : `answers ${status}`} does not delay a scrape, and delays the shutdown only briefly`, async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await using sink = otlpSink(async () => {
      if (status === 200) await released;
      return new Response(null, { status });
    });
    const metrics = testMetrics(sink.url);
    assertEquals(total(await scrape(metrics), "sms_gateway_breaker_state"), 1);
    const startedAt = performance.now();
    await metrics.shutdown();
    assert(performance.now() - startedAt < 3_500);
    assert(sink.exports.length >= 1);
    release();
  });
}

Deno.test("a gauge of what is gone is not served any more", async () => {
  let ages = new Map([["one.test", 1], ["two.test", 2]]);
  let oldestTokenMs: number | undefined = 1_000;
  const sources = { ...SOURCES, keySetAgesS: () => ages, tokens: () => ({ oldestTokenMs }) };
  const metrics = testMetrics(undefined, { sources });
  const seen = async () => {
    const text = await metrics.prometheus();
    return [...text.matchAll(/^sms_gateway_(?:key_set_age|upstream_token_age).*$/gm)].map(String);
  };
  assertEquals((await seen()).length, 3);
  ages = new Map([["two.test", 3]]);
  oldestTokenMs = undefined;
  assertEquals(await seen(), ['sms_gateway_key_set_age_seconds{issuer="two.test"} 3']);
});
