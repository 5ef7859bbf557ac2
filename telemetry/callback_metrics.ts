import type { Counter, Histogram, Meter } from "@opentelemetry/api";
import type { CallbackResult } from "../exchange.ts";

/** Bucket boundaries in seconds, up to the longest validity of a message (3 days). */
// deno-fmt-ignore -- one line instead of fourteen
const DELIVERY_BUCKETS =
  [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600, 21_600, 86_400, 259_200];

/** Bucket boundaries in seconds, up to the default deadline of an attempt and beyond. */
const RELAY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** The metrics of callbacks. */
export class CallbackMetrics {
  readonly #callbacks: Counter;
  readonly #refusals: Counter;
  readonly #deliveries: Counter;
  readonly #deliveryTime: Histogram;
  readonly #relayDuration: Histogram;

  constructor(meter: Meter) {
    this.#callbacks = meter.createCounter("sms_gateway.callbacks", {
      description: "Callbacks of the SMS API, by type, service and outcome.",
    });
    this.#refusals = meter.createCounter("sms_gateway.callback_refusals", {
      description: "Callbacks that are not authentic, by reason.",
    });
    this.#deliveries = meter.createCounter("sms_gateway.deliveries", {
      description: "Messages reported by relayed callbacks, by status and code.",
    });
    this.#deliveryTime = meter.createHistogram("sms_gateway.delivery.time", {
      unit: "s",
      description: "Time from the send of a message to its delivery, by reports on one recipient.",
      advice: { explicitBucketBoundaries: DELIVERY_BUCKETS },
    });
    this.#relayDuration = meter.createHistogram("sms_gateway.relay.duration", {
      unit: "s",
      description: "Duration of attempts to relay a callback, by service and result.",
      advice: { explicitBucketBoundaries: RELAY_BUCKETS },
    });
    // Present from the start, so that an alert notices if none ever comes.
    this.#callbacks.add(0, { outcome: "relayed" });
  }

  /** Records a finished callback. */
  record({ outcome = "failed", refusal, report, relay, attempt }: CallbackResult): void {
    this.#callbacks.add(1, {
      outcome,
      ...(report && { type: report.type }),
      ...(relay !== undefined && { relay }),
    });
    if (refusal !== undefined) this.#refusals.add(1, { reason: refusal });
    if (attempt && relay !== undefined) {
      const { durationMs, status, failure = String(status) } = attempt;
      this.#relayDuration.record(durationMs / 1_000, { relay, result: failure });
    }
    if (outcome !== "relayed" || !report || report.isTest) return;
    for (const { status, code, count } of report.statuses) {
      this.#deliveries.add(count, { status, code: code ?? "_OTHER" });
      if (status === "Delivered" && report.deliveryMs !== undefined) {
        this.#deliveryTime.record(report.deliveryMs / 1_000);
      }
    }
  }
}
