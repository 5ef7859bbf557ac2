import { ActiveFault } from "../active_fault.ts";
import type { Settings } from "../options.ts";
import type { Plan } from "../plan.ts";
import type { Batch, Inbound } from "../resources.ts";
import type { CallbackFault } from "./faults.ts";
import { DeliveryReporter } from "./reporter.ts";
import { type CallbackAttempt, CallbackSender } from "./sender.ts";

/** The callbacks of a sandbox: delivery reports and inbound messages. */
export class Callbacks {
  readonly fault = new ActiveFault<CallbackFault>();
  readonly #isOn: boolean;
  readonly #sender: CallbackSender;
  readonly #reporter: DeliveryReporter;

  constructor(settings: Settings) {
    this.#isOn = settings.sendCallbacks;
    this.#sender = new CallbackSender(settings, this.fault);
    this.#reporter = new DeliveryReporter(settings, this.#sender);
  }

  /** Follows a new, changed or canceled batch. */
  readonly onBatch = (plan: Plan, batch: Batch): void => {
    if (this.#isOn) this.#reporter.track(plan, batch);
  };

  /** Sends an inbound message to the callback URL of its plan. */
  onInbound(plan: Plan, inbound: Inbound): void {
    const url = plan.defaultCallbackUrl;
    if (!this.#isOn || url === undefined) return;
    this.#sender.send({ planId: plan.id, url, body: JSON.stringify(inbound) });
  }

  /** The latest attempts, in order. */
  attempts(): readonly CallbackAttempt[] {
    return this.#sender.attempts();
  }

  close(): void {
    this.#reporter.close();
    this.#sender.close();
  }
}
