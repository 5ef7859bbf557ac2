import type { Exchange } from "../exchange.ts";
import type { Violation } from "../policies/policy.ts";

/** Every rule of its policy that a request breaks, budgets included. */
export function policyViolations({ policy, budget }: Exchange): Violation[] {
  return [...policy?.violations ?? [], ...budget?.exceeded ? ["quota" as const] : []];
}
