import { OTHER } from "../policies/count.ts";

/**
 * Maximum number of policies that counters name. A policy has up to 26 series in each instance:
 * requests by mode, violations by mode and rule, messages by outcome.
 */
export const MAX_NAMED_POLICIES = 1_000;

/** The label of all other policies together. */
export const OTHER_POLICIES = "_OTHER";

/** The values of the label `policy` of counters: the policies that applied to requests first. */
export class PolicyLabels {
  readonly #names = new Set<string>();

  of(policy: string): string {
    if (this.#names.has(policy)) return policy;
    if (this.#names.size >= MAX_NAMED_POLICIES) return OTHER_POLICIES;
    this.#names.add(policy);
    return policy;
  }
}

/**
 * Maximum number of pairs of policy and country that metrics name: 10 countries of each of 100
 * policies, or all countries of four.
 */
export const MAX_NAMED_PAIRS = 1_000;

/** The values of the label `country`; beyond the limit, countries count as `other` of their policy. */
export class CountryLabels {
  readonly #pairs = new Set<string>();

  of(policy: string, country: string): string {
    const pair = `${policy} ${country}`;
    if (country === OTHER || this.#pairs.has(pair)) return country;
    if (this.#pairs.size >= MAX_NAMED_PAIRS) return OTHER;
    this.#pairs.add(pair);
    return country;
  }
}
