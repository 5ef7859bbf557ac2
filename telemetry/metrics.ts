import { type Attributes, type Counter, TraceFlags } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import { catalogEntry } from "../errors/catalog.ts";
import type { Exchange, UpstreamAttempts } from "../exchange.ts";
import { failureAfterHeaders, knownMethod } from "./attributes.ts";
import { CallbackMetrics } from "./callback_metrics.ts";
import { DurationHistogram } from "./duration_histogram.ts";
import { Exemplars } from "./exemplars.ts";
import type { ExchangeObserver } from "./exchange_observer.ts";
import { gaugesOf } from "./gauges.ts";
import { GatewayMetricProducer } from "./metric_producer.ts";
import type { MetricSources } from "./metric_sources.ts";
import { PrometheusReader, type PushOptions, pushReader } from "./metrics_output.ts";
import { PolicyMetrics } from "./policy_metrics.ts";
import { SeriesCounter } from "./series_counter.ts";

/** Options of {@linkcode Metrics}. */
export interface MetricsOptions {
  /** Attributes of the resource. */
  resource: Readonly<Record<string, string>>;
  /** The collector to push to; undefined: nothing is pushed. */
  push: PushOptions | undefined;
  /** Whether callbacks are configured; default: false. */
  callbacks?: boolean;
}

/** Bucket boundaries in seconds, from the semantic conventions, for both durations. */
// deno-fmt-ignore -- one line instead of fourteen
const DURATION_BUCKETS =
  [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Bucket boundaries in seconds for the state store, up to the default of its deadline. */
const STATE_BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5];

/** A request to the SMS API, with its attempts. */
interface SentRequest extends UpstreamAttempts {
  readonly method: string;
  /** The route template. */
  readonly route: string;
  /** The request of the caller. */
  readonly exchange: Exchange;
}

/** The metrics of a gateway. Paths, ids, subjects and unknown error codes are never attributes. */
export class Metrics implements ExchangeObserver {
  /** Number of data points that the collector rejected of pushes that it accepted. */
  rejectedPoints = 0;
  readonly #serverDuration = new DurationHistogram({
    name: "http.server.request.duration",
    description: "Duration of requests.",
    boundaries: DURATION_BUCKETS,
  });
  readonly #clientDuration = new DurationHistogram({
    name: "http.client.request.duration",
    description: "Duration of requests to the SMS API.",
    boundaries: DURATION_BUCKETS,
  });
  readonly #reader: PrometheusReader;
  readonly #provider: MeterProvider;
  readonly #producer: GatewayMetricProducer;
  readonly #activeRequests = new Map<string, number>();
  readonly #authFailures: Counter;
  readonly #keySetRefreshes: Counter;
  readonly #credentialRejections: Counter;
  readonly #tokenFetches: Counter;
  readonly #retries: Counter;
  readonly #idempotency = new SeriesCounter({
    name: "sms_gateway.idempotency.requests",
    description: "Requests with an idempotency key, by outcome.",
  });
  readonly #policies = new PolicyMetrics();
  readonly #settingFiles: Counter;
  readonly #stateDuration = new DurationHistogram({
    name: "sms_gateway.state.operation.duration",
    description: "Duration of operations on the state store, but for one in memory.",
    boundaries: STATE_BUCKETS,
  });
  readonly #callbacks: CallbackMetrics | undefined;
  readonly #serverExemplars = new Exemplars();
  readonly #clientExemplars = new Exemplars();

  constructor({ resource, push, callbacks }: MetricsOptions) {
    const ofProcess = resourceFromAttributes(resource);
    this.#producer = new GatewayMetricProducer(ofProcess);
    this.#producer.add(() => [
      ...[this.#serverDuration, this.#clientDuration, this.#stateDuration, this.#idempotency]
        .map((metric) => metric.collect()),
      ...this.#policies.collect(),
    ]);
    this.#reader = new PrometheusReader({ metricProducers: [this.#producer] });
    this.#provider = new MeterProvider({
      resource: ofProcess,
      readers: [this.#reader, ...(push ? [this.#pushReader(push)] : [])],
    });
    const meter = this.#provider.getMeter("sms-gateway");
    this.#authFailures = meter.createCounter("sms_gateway.authentication_failures", {
      description: "Rejected tokens, by reason.",
    });
    this.#keySetRefreshes = meter.createCounter("sms_gateway.key_set.refreshes", {
      description: "Fetches of key sets, by outcome and issuer.",
    });
    this.#credentialRejections = meter.createCounter(
      "sms_gateway.upstream_credential_rejections",
      { description: "Responses of the SMS API that reject the gateway's credential." },
    );
    this.#tokenFetches = meter.createCounter("sms_gateway.upstream_token.fetches", {
      description: "Fetches of OAuth tokens of the SMS API, by outcome.",
    });
    this.#retries = meter.createCounter("sms_gateway.retries", {
      description: "Retries of requests to the SMS API.",
    });
    this.#settingFiles = meter.createCounter("sms_gateway.setting_file.changes", {
      description: "Changed files of settings, by outcome.",
    });
    this.#callbacks = callbacks ? new CallbackMetrics(meter) : undefined;
  }

  /** Registers the metrics that read `sources` at collection; must be called once. */
  registerGauges(sources: MetricSources): void {
    this.#producer.add(gaugesOf({ ...sources, activeRequests: this.#activeRequests }));
  }

  started({ method }: Exchange): void {
    const key = knownMethod(method);
    this.#activeRequests.set(key, (this.#activeRequests.get(key) ?? 0) + 1);
  }

  finished(exchange: Exchange, durationMs: number): void {
    const key = knownMethod(exchange.method);
    this.#activeRequests.set(key, (this.#activeRequests.get(key) ?? 1) - 1);
    this.#served(exchange, durationMs / 1_000);
    const { operation, route = "", attempts, lookups = [] } = exchange;
    this.#policies.record(exchange);
    this.#sent({ method: operation?.method ?? "_OTHER", route, attempts, exchange });
    for (const lookup of lookups) this.#sent({ method: "GET", ...lookup, exchange });
    const { idempotency: outcome } = exchange;
    if (outcome) this.#idempotency.add(outcome, 1, () => ({ outcome }));
    if (exchange.callback) this.#callbacks?.record(exchange.callback);
    if (exchange.thrown instanceof AuthRefusal) {
      this.#authFailures.add(1, { reason: exchange.thrown.reason });
    }
    if (exchange.failure?.code === "upstream_credentials_rejected") {
      this.#credentialRejections.add(1);
    }
  }

  /** Records an operation on the state store; `outcome` is `ok`, or why it failed. */
  stateOperation(
    { operation, outcome, durationMs }: { operation: string; outcome: string; durationMs: number },
  ): void {
    const key = `${operation} ${outcome}`;
    this.#stateDuration.record(key, durationMs / 1_000, () => ({ operation, outcome }));
  }

  /** Counts a changed file with the value of a setting. */
  settingFileRead(setting: string, outcome: "taken" | "refused"): void {
    this.#settingFiles.add(1, { setting, outcome });
  }

  /** Counts a fetch of an issuer's key set. */
  keySetRefreshed(outcome: "ok" | "failed", issuer: string): void {
    this.#keySetRefreshes.add(1, { outcome, issuer });
  }

  /** Counts a fetch of an OAuth token of the SMS API; `outcome` is `ok`, or why it failed. */
  tokenFetched(outcome: string): void {
    this.#tokenFetches.add(1, { outcome });
  }

  /** All metrics in the Prometheus text format. */
  prometheus(): Promise<string> {
    return this.#reader.text();
  }

  /** All metrics in the OpenMetrics text format, with exemplars of both durations. */
  openMetrics(): Promise<string> {
    return this.#reader.openMetrics(
      new Map([
        [`${this.#serverDuration.name}.seconds`, this.#serverExemplars.list()],
        [`${this.#clientDuration.name}.seconds`, this.#clientExemplars.list()],
      ]),
    );
  }

  /** Pushes the last values and stops; never rejects. */
  async shutdown(): Promise<void> {
    await this.#provider.shutdown().catch(() => {});
  }

  #pushReader(options: PushOptions) {
    return pushReader({
      ...options,
      metricProducers: [this.#producer],
      onRejected: (points) => void (this.rejectedPoints += points),
    });
  }

  #served(exchange: Exchange, value: number): void {
    const { method, route, status, failure } = exchange;
    const late = failureAfterHeaders(exchange)?.code;
    const key = `${knownMethod(method)} ${route} ${status} ${late} ` +
      (failure ? `${knownCode(failure.code)} ${failure.origin} ${failure.fault}` : "");
    const attributes = this.#serverDuration.record(key, value, () => serverAttributes(exchange));
    const failed = exchange.failure !== undefined;
    if (!this.#serverExemplars.wants(value, failed) || !isExported(exchange)) return;
    this.#serverExemplars.add(exchange.span.spanContext(), { value, failed, attributes });
  }

  #sent({ method, route, attempts, exchange }: SentRequest): void {
    for (const { server, durationMs, status, failure } of attempts) {
      const value = durationMs / 1_000;
      const { "server.address": host, "server.port": port } = server ?? {};
      const key = `${host} ${port} ${method} ${route} ${status} ${failure}`;
      const attributes = this.#clientDuration.record(key, value, () => ({
        ...server,
        "http.request.method": method,
        "url.template": route,
        ...(status !== undefined && { "http.response.status_code": status }),
        ...(failure && { "error.type": failure }),
        ...(status !== undefined && status >= 400 && { "error.type": String(status) }),
      }));
      const failed = "error.type" in attributes;
      if (!this.#clientExemplars.wants(value, failed) || !isExported(exchange)) continue;
      this.#clientExemplars.add(exchange.span.spanContext(), { value, failed, attributes });
    }
    if (attempts.length > 1) this.#retries.add(attempts.length - 1);
  }
}

/** Whether the spans of a request are exported, see `SpanExporter`: else an exemplar leads nowhere. */
function isExported({ span, status = 500, failure }: Exchange): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0 || status >= 500 ||
    failure?.origin === "gateway";
}

/** The code of the catalog; any other is one value, since the API can send as many as it likes. */
function knownCode(code: string): string {
  return catalogEntry(code) ? code : "_OTHER";
}

function serverAttributes(exchange: Exchange): Attributes {
  const { method, route, status, failure } = exchange;
  const late = failureAfterHeaders(exchange);
  return {
    "http.request.method": knownMethod(method),
    "url.scheme": "http",
    "http.response.status_code": status ?? 0,
    ...(route && { "http.route": route }),
    ...(status !== undefined && status >= 500 && { "error.type": String(status) }),
    ...(late && { "error.type": late.code }),
    ...(failure && {
      "sms_gateway.error.code": knownCode(failure.code),
      "sms_gateway.error.origin": failure.origin,
      "sms_gateway.error.fault": failure.fault,
    }),
  };
}
