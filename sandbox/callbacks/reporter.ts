import { neverStarted, timeline } from "../delivery.ts";
import { batchReport, recipientReport, reportAt } from "../delivery_reports.ts";
import type { Settings } from "../options.ts";
import type { Plan } from "../plan.ts";
import { recipientsOf } from "../recipients.ts";
import type { Batch } from "../resources.ts";
import type { CallbackSender } from "./sender.ts";

/** A batch whose sender asked for delivery reports. */
interface Tracked {
  readonly plan: Plan;
  readonly batchId: string;
  /** Recipient → how many of its states were reported. */
  readonly reported: Map<string, number>;
  timer: Timer | undefined;
}

type Timer = ReturnType<typeof setTimeout>;

/** Every message is Queued at first, which is not reported. */
const FIRST_REPORTED_STATE = 1;

/**
 * Sends a delivery report to the callback URL of a batch when the clock has moved its messages, as
 * its `delivery_report` asks: `summary` and `full` once, when all are final; `per_recipient` for
 * each state of each message; `per_recipient_final` for the final ones.
 */
export class DeliveryReporter {
  readonly #settings: Settings;
  readonly #sender: CallbackSender;
  readonly #tracked = new Map<Batch, Tracked>();

  constructor(settings: Settings, sender: CallbackSender) {
    this.#settings = settings;
    this.#sender = sender;
  }

  /** Follows a new batch, or one that was changed or canceled. */
  track(plan: Plan, batch: Batch): void {
    const { delivery_report = "none" } = batch.message;
    const tracked = this.#tracked.get(batch) ??
      { plan, batchId: batch.id, reported: new Map(), timer: undefined };
    if (delivery_report === "none") return;
    this.#tracked.set(batch, tracked);
    this.#schedule(batch, tracked);
  }

  close(): void {
    for (const { timer } of this.#tracked.values()) clearTimeout(timer);
    this.#tracked.clear();
  }

  #schedule(batch: Batch, tracked: Tracked): void {
    clearTimeout(tracked.timer);
    const next = this.#nextAtMs(batch, tracked);
    if (next === undefined) return void this.#tracked.delete(batch);
    tracked.timer = setTimeout(
      () => this.#report(batch, tracked),
      Math.min(Math.max(0, next - this.#settings.now()), MAX_TIMER_MS),
    );
  }

  /** When the next state is reached that was not reported; undefined if there is none. */
  #nextAtMs(batch: Batch, { plan, reported }: Tracked): number | undefined {
    if (neverStarted(batch) || !plan.batches.get(batch.id)) return undefined;
    let next = Infinity;
    for (const recipient of recipientsOf(plan, batch)) {
      const states = timeline(batch, recipient, this.#settings);
      const [, atMs = Infinity] = states[reported.get(recipient) ?? FIRST_REPORTED_STATE] ?? [];
      next = Math.min(next, atMs);
    }
    return next === Infinity ? undefined : next;
  }

  #report(batch: Batch, tracked: Tracked): void {
    const { plan, reported } = tracked;
    const nowMs = this.#settings.now();
    const { delivery_report: mode } = batch.message;
    for (const recipient of recipientsOf(plan, batch)) {
      const states = timeline(batch, recipient, this.#settings);
      let index = reported.get(recipient) ?? FIRST_REPORTED_STATE;
      for (let state = states[index]; state && state[1] <= nowMs; state = states[++index]) {
        const report = reportAt(batch, recipient, state);
        const isAsked = mode === "per_recipient" ||
          (mode === "per_recipient_final" && report.state.final);
        if (isAsked) this.#send(plan, batch, recipientReport(this.#settings, report));
      }
      reported.set(recipient, index);
    }
    this.#schedule(batch, tracked);
    if (this.#tracked.has(batch)) return;
    if (mode === "summary" || mode === "full") {
      this.#send(plan, batch, batchReport({ plan, settings: this.#settings }, batch, mode));
    }
  }

  #send(plan: Plan, batch: Batch, report: unknown): void {
    const url = batch.message.callback_url ?? plan.defaultCallbackUrl;
    if (url) this.#sender.send({ planId: plan.id, url, body: JSON.stringify(report) });
  }
}

/** The longest time that a timer can wait; the state is looked at again then. */
const MAX_TIMER_MS = 2 ** 31 - 1;
