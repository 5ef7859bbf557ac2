import type { MetricData } from "@opentelemetry/sdk-metrics";
import type { Exchange } from "../exchange.ts";
import { messagesOutcome } from "./messages.ts";
import { CountryLabels, PolicyLabels } from "./policy_labels.ts";
import { SeriesCounter } from "./series_counter.ts";

/** The counters of callers with a policy (contract.md §7). */
export class PolicyMetrics {
  readonly #messages = new SeriesCounter({
    name: "sms_gateway.messages",
    description: "Message parts of callers with a policy, by policy, country and outcome.",
    unit: "{part}",
  });
  readonly #reservations = new SeriesCounter({
    name: "sms_gateway.budget.reservations",
    description: "Requests that were counted against a budget, by where they were counted.",
  });
  readonly #requests = new SeriesCounter({
    name: "sms_gateway.policy.requests",
    description: "Requests of callers with a policy, by policy and mode.",
  });
  readonly #violations = new SeriesCounter({
    name: "sms_gateway.policy.violations",
    description:
      "Rules of policies that requests break, by policy, mode and rule; refused unless it is warn.",
  });
  readonly #policies = new PolicyLabels();
  readonly #countries = new CountryLabels();

  /** Records a finished request; one of a caller without a policy is not counted. */
  record({ policy: applied, budget, failure }: Exchange): void {
    if (!applied) return;
    const { mode, name } = applied.policy;
    const policy = this.#policies.of(name);
    this.#requests.add(`${policy} ${mode}`, 1, () => ({ policy, mode }));
    for (const rule of applied.violations) {
      this.#violations.add(`${policy} ${mode} ${rule}`, 1, () => ({ policy, mode, rule }));
    }
    if (applied.messages === 0) return;
    const outcome = messagesOutcome(failure);
    for (const [code, parts] of applied.countries) {
      const country = this.#countries.of(policy, code);
      const attributesOf = () => ({ policy, country, outcome });
      this.#messages.add(`${policy} ${country} ${outcome}`, parts, attributesOf);
    }
    if (!budget) return;
    const { countedBy } = budget;
    this.#reservations.add(countedBy, 1, () => ({ counted_by: countedBy }));
  }

  /** The current values. */
  collect(): MetricData[] {
    return [this.#messages, this.#reservations, this.#requests, this.#violations]
      .map((counter) => counter.collect());
  }
}
