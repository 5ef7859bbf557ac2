import type { Failure } from "../errors/gateway_error.ts";
import { OTHER } from "../policies/count.ts";
import { MAX_POLICIES } from "../policies/policy.ts";

/** What became of message parts: a value of metrics. */
export type MessagesOutcome =
  /** The SMS API took them. */
  | "accepted"
  /** A budget did not have them left. */
  | "over_budget"
  /** The policy does not allow their recipients or their sender. */
  | "not_allowed"
  /** Not processed for another reason. */
  | "not_processed"
  /** Nobody knows whether they were processed. */
  | "unknown";

/** Codes of the gateway's own refusals by a policy. */
const REFUSALS: Readonly<Record<string, MessagesOutcome>> = {
  quota_exceeded: "over_budget",
  destination_not_allowed: "not_allowed",
  sender_not_allowed: "not_allowed",
};

/** What became of the message parts of a request, by its failure. */
export function messagesOutcome(failure: Failure | undefined): MessagesOutcome {
  if (!failure || failure.processed === "yes") return "accepted";
  if (failure.processed === "unknown") return "unknown";
  const isOwn = failure.origin === "gateway";
  return isOwn && REFUSALS[failure.code] || "not_processed";
}

/**
 * Pairs of policy and country that have series of their own: 10 countries of each of 100 policies,
 * or all countries of four.
 */
const MAX_PAIRS = 1_000;

/** Number of values of {@linkcode MessagesOutcome}. */
const OUTCOMES = 5;

/** Maximum number of series of message parts: with those of `other`, which every policy has. */
export const MAX_MESSAGE_SERIES = (MAX_PAIRS + MAX_POLICIES) * OUTCOMES;

/**
 * The values of the label `country`. After {@linkcode MAX_PAIRS} further countries count as `other`:
 * the SDK would count them without their policy, which the alerts on budgets need.
 */
export class CountryLabels {
  readonly #pairs = new Set<string>();

  of(policy: string, country: string): string {
    const pair = `${policy} ${country}`;
    if (country === OTHER || this.#pairs.has(pair)) return country;
    if (this.#pairs.size >= MAX_PAIRS) return OTHER;
    this.#pairs.add(pair);
    return country;
  }
}
