import type { Counter, Meter } from "@opentelemetry/api";
import type { ViewOptions } from "@opentelemetry/sdk-metrics";
import type { Exchange } from "../exchange.ts";
import { messagesOutcome } from "./messages.ts";
import { CountryLabels, PolicyLabels } from "./policy_labels.ts";

const MESSAGES = "sms_gateway.messages";
const REQUESTS = "sms_gateway.policy.requests";
const VIOLATIONS = "sms_gateway.policy.violations";

/** The counters of callers with a policy (contract.md §7). */
export class PolicyMetrics {
  /** The labels are limited here, so that the limit of the SDK, 2,000 series, does not apply. */
  static readonly views: ViewOptions[] = [MESSAGES, REQUESTS, VIOLATIONS].map((instrumentName) => (
    { instrumentName, aggregationCardinalityLimit: Infinity }
  ));

  readonly #messages: Counter;
  readonly #reservations: Counter;
  readonly #requests: Counter;
  readonly #violations: Counter;
  readonly #policies = new PolicyLabels();
  readonly #countries = new CountryLabels();

  constructor(meter: Meter) {
    this.#messages = meter.createCounter(MESSAGES, {
      description: "Message parts of callers with a policy, by policy, country and outcome.",
      unit: "{part}",
    });
    this.#reservations = meter.createCounter("sms_gateway.budget.reservations", {
      description: "Requests that were counted against a budget, by where they were counted.",
    });
    this.#requests = meter.createCounter(REQUESTS, {
      description: "Requests of callers with a policy, by policy and mode.",
    });
    this.#violations = meter.createCounter(VIOLATIONS, {
      description:
        "Rules of policies that requests break, by policy, mode and rule; refused unless it is warn.",
    });
  }

  /** Records a finished request; one of a caller without a policy is not counted. */
  record({ policy: applied, budget, failure }: Exchange): void {
    if (!applied) return;
    const { mode, name } = applied.policy;
    const policy = this.#policies.of(name);
    this.#requests.add(1, { policy, mode });
    for (const rule of applied.violations) this.#violations.add(1, { policy, mode, rule });
    if (applied.messages === 0) return;
    const outcome = messagesOutcome(failure);
    for (const [code, parts] of applied.countries) {
      this.#messages.add(parts, { policy, country: this.#countries.of(policy, code), outcome });
    }
    if (budget) this.#reservations.add(1, { counted_by: budget.countedBy });
  }
}
