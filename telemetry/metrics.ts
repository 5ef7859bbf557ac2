import type { Attributes, Counter, Histogram, Meter, ObservableResult } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { AuthRefusal } from "../errors/auth_refusal.ts";
import { catalogEntry } from "../errors/catalog.ts";
import type { Attempt, Exchange } from "../exchange.ts";
import { brokenOffBy, knownMethod, upstreamAttributes } from "./attributes.ts";
import { PrometheusReader, pushReader } from "./metrics_output.ts";
import type { ExchangeObserver } from "./server_span.ts";

/** Where the values of gauges come from, asked at every collection. */
export interface MetricSources {
  /** Route template → requests outstanding. */
  outstanding(): ReadonlyMap<string, number>;
  /** Age of the issuer's keys, in seconds; undefined where there are none, or they are fixed. */
  keySetAgeS(): number | undefined;
  breakerState(): keyof typeof BREAKER_STATES;
  /** Service plan → requests at once that the upstream is sent; plans are configured: few. */
  planLimits(): ReadonlyMap<string, number>;
  /** The highest of these limits. */
  readonly planLimitMax: number;
  /** Signal → spans or lines lost so far. */
  dropped(): Readonly<Record<string, number>>;
}

/** Options of {@linkcode Metrics}. */
export interface MetricsOptions {
  /** Resource attribute `service.name`. */
  serviceName: string;
  /** The upstream's base URL, for the attributes of client requests. */
  upstream: URL;
  /** Base URL of the collector to push to; undefined: nothing is pushed. */
  otlpEndpoint: string | undefined;
}

/** Buckets in seconds, as the semantic conventions advise for both durations. */
// deno-fmt-ignore -- one line says it better than fourteen
const DURATION_BUCKETS =
  [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const BREAKER_STATES = { closed: 0, half_open: 1, open: 2 } as const;

/** The metrics of a gateway. No path, id, subject or foreign code is ever an attribute. */
export class Metrics implements ExchangeObserver {
  readonly #reader = new PrometheusReader();
  readonly #provider: MeterProvider;
  readonly #activeRequests = new Map<string, number>();
  readonly #serverDuration: Histogram;
  readonly #clientDuration: Histogram;
  readonly #authFailures: Counter;
  readonly #keySetRefreshes: Counter;
  readonly #credentialRejections: Counter;
  readonly #retries: Counter;
  readonly #upstream: Attributes;

  constructor({ serviceName, upstream, otlpEndpoint }: MetricsOptions) {
    this.#upstream = upstreamAttributes(upstream);
    this.#provider = new MeterProvider({
      resource: resourceFromAttributes({ "service.name": serviceName }),
      readers: [this.#reader, ...(otlpEndpoint === undefined ? [] : [pushReader(otlpEndpoint)])],
    });
    const meter = this.#provider.getMeter("sms-gateway");
    this.#serverDuration = seconds(meter, "http.server.request.duration", "Duration of requests.");
    this.#clientDuration = seconds(meter, "http.client.request.duration", "Duration of attempts.");
    this.#authFailures = meter.createCounter("sms_gateway.authentication_failures", {
      description: "Refused tokens, by reason.",
    });
    this.#keySetRefreshes = meter.createCounter("sms_gateway.key_set.refreshes", {
      description: "Fetches of the issuer's key set, by outcome.",
    });
    this.#credentialRejections = meter.createCounter(
      "sms_gateway.upstream_credential_rejections",
      { description: "Times the SMS API refused the gateway's own credential." },
    );
    this.#retries = meter.createCounter("sms_gateway.retries", {
      description: "Further attempts at the SMS API.",
    });
    meter.createObservableUpDownCounter("http.server.active_requests", {
      description: "Requests being served.",
      unit: "{request}",
    }).addCallback((result) => this.#observeActive(result));
  }

  /** Registers the gauges; called once, when what they show exists. */
  watch(sources: MetricSources): void {
    const meter = this.#provider.getMeter("sms-gateway");
    meter.createObservableGauge("sms_gateway.outstanding_requests", {
      description: "Requests outstanding, by route.",
    }).addCallback((result) => {
      for (const [route, count] of sources.outstanding()) {
        result.observe(count, { "http.route": route });
      }
    });
    meter.createObservableGauge("sms_gateway.key_set.age", {
      description: "Time since the issuer's keys were fetched.",
      unit: "s",
    }).addCallback((result) => {
      const age = sources.keySetAgeS();
      if (age !== undefined) result.observe(age);
    });
    meter.createObservableGauge("sms_gateway.breaker_state", {
      description: "0: closed, 1: half open, 2: open.",
    }).addCallback((result) => {
      result.observe(BREAKER_STATES[sources.breakerState()]);
    });
    meter.createObservableGauge("sms_gateway.service_plan.limit", {
      description: "Requests at once that the SMS API is sent for a service plan.",
    }).addCallback((result) => {
      for (const [plan, limit] of sources.planLimits()) {
        result.observe(limit, { "sms_gateway.service_plan_id": plan });
      }
    });
    meter.createObservableGauge("sms_gateway.service_plan.limit_max", {
      description: "That limit while the SMS API does not throttle.",
    }).addCallback((result) => result.observe(sources.planLimitMax));
    meter.createObservableCounter("sms_gateway.telemetry_dropped", {
      description: "Spans and log lines lost.",
    }).addCallback((result) => {
      for (const [signal, count] of Object.entries(sources.dropped())) {
        result.observe(count, { signal });
      }
    });
  }

  started({ method }: Exchange): void {
    const key = knownMethod(method);
    this.#activeRequests.set(key, (this.#activeRequests.get(key) ?? 0) + 1);
  }

  finished(exchange: Exchange, durationMs: number): void {
    const key = knownMethod(exchange.method);
    this.#activeRequests.set(key, (this.#activeRequests.get(key) ?? 1) - 1);
    this.#serverDuration.record(durationMs / 1_000, serverAttributes(exchange));
    for (const attempt of exchange.attempts) {
      this.#clientDuration.record(
        attempt.durationMs / 1_000,
        this.#clientAttributes(exchange, attempt),
      );
    }
    if (exchange.attempts.length > 1) this.#retries.add(exchange.attempts.length - 1);
    if (exchange.thrown instanceof AuthRefusal) {
      this.#authFailures.add(1, { reason: exchange.thrown.reason });
    }
    if (exchange.failure?.code === "upstream_credentials_rejected") {
      this.#credentialRejections.add(1);
    }
  }

  /** The issuer's key set was fetched, or not. */
  keySetRefreshed(outcome: "ok" | "failed"): void {
    this.#keySetRefreshes.add(1, { outcome });
  }

  /** All of it in the Prometheus text format. */
  prometheus(): Promise<string> {
    return this.#reader.text();
  }

  /** Pushes what is left and ends; never rejects. */
  async shutdown(): Promise<void> {
    await this.#provider.shutdown().catch(() => {});
  }

  #observeActive(result: ObservableResult): void {
    for (const [method, count] of this.#activeRequests) {
      result.observe(count, { "http.request.method": method, "url.scheme": "http" });
    }
  }

  #clientAttributes(exchange: Exchange, { status, failure }: Attempt): Attributes {
    return {
      ...this.#upstream,
      "http.request.method": exchange.operation?.method ?? "_OTHER",
      "url.template": exchange.route ?? "",
      ...(status !== undefined && { "http.response.status_code": status }),
      ...(failure && { "error.type": failure }),
      ...(status !== undefined && status >= 400 && { "error.type": String(status) }),
    };
  }
}

function serverAttributes(exchange: Exchange): Attributes {
  const { method, route, status, failure } = exchange;
  const cut = brokenOffBy(exchange);
  return {
    "http.request.method": knownMethod(method),
    "url.scheme": "http",
    "http.response.status_code": status ?? 0,
    ...(route && { "http.route": route }),
    ...(status !== undefined && status >= 500 && { "error.type": String(status) }),
    ...(cut && { "error.type": cut.code }),
    ...(failure && {
      "sms_gateway.error.code": catalogEntry(failure.code) ? failure.code : "_OTHER",
      "sms_gateway.error.origin": failure.origin,
      "sms_gateway.error.fault": failure.fault,
    }),
  };
}

function seconds(meter: Meter, name: string, description: string): Histogram {
  return meter.createHistogram(name, {
    unit: "s",
    description,
    advice: { explicitBucketBoundaries: [...DURATION_BUCKETS] },
  });
}
