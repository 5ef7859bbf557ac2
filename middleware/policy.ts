import type { Exchange } from "../exchange.ts";
import type { Policies } from "../policies/policies.ts";

const NOTHING: ReadonlyMap<string, number> = new Map();

/** Finds the policy of the caller, and sets `exchange.policy` (contract.md §7). */
export function matchPolicy(exchange: Exchange, policies: Policies): void {
  const policy = policies.match(exchange.principal?.subject);
  if (!policy) return;
  exchange.policy = { policy, messages: 0, recipients: 0, parts: 0, countries: NOTHING };
}
