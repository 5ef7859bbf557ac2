import type { MessageBudgets, Policy } from "../policies/policy.ts";
import type { Counters, WindowCount, WindowLimit } from "../state/counters.ts";
import {
  type CountedBy,
  type CountedReservation,
  FallbackCounters,
} from "../state/fallback_counters.ts";

/** Options of {@linkcode Budgets}. */
export interface BudgetsOptions {
  /** Called when counting moves to this instance, and when it moves back to the store. */
  onChange?: (countedBy: CountedBy) => void;
}

/** What is known of a budget, for metrics. */
export interface KnownBudget extends WindowCount {
  /** Name of the policy. */
  readonly policy: string;
}

/**
 * The budgets of policies in message parts (contract.md §7). A budget belongs to the policy: all
 * callers that it applies to share it. A policy keeps its counts under its name.
 */
export class Budgets {
  readonly #counters: FallbackCounters;

  constructor(counters: Counters, options: BudgetsOptions = {}) {
    this.#counters = new FallbackCounters(counters, options);
  }

  /** Takes message parts from all budgets of a policy, or from none; in mode `warn` always. */
  reserve({ name, messages, mode }: Policy, amount: number): Promise<CountedReservation> {
    return this.#counters.reserve(name, {
      amount,
      limits: limitsOf(messages),
      force: mode === "warn",
    });
  }

  /** Gives back what was reserved for a request that was not processed; never rejects. */
  giveBack({ name }: Policy, amount: number, reservation: CountedReservation): Promise<void> {
    return this.#counters.giveBack(name, amount, reservation);
  }

  /** What is used of the budgets of a policy now. */
  usage({ name, messages }: Policy): Promise<CountedReservation> {
    return this.#counters.reserve(name, { amount: 0, limits: limitsOf(messages) });
  }

  /** What this instance knows to be used; the store is not asked. */
  known(policies: readonly Policy[]): KnownBudget[] {
    return policies.flatMap(({ name, messages }) =>
      this.#counters.known(name, limitsOf(messages)).map((window) => ({ ...window, policy: name }))
    );
  }
}

function limitsOf({ perMinute, perHour, perDay }: MessageBudgets = {}): WindowLimit[] {
  return [
    ...perMinute === undefined ? [] : [{ unit: "minute", limit: perMinute } as const],
    ...perHour === undefined ? [] : [{ unit: "hour", limit: perHour } as const],
    ...perDay === undefined ? [] : [{ unit: "day", limit: perDay } as const],
  ];
}
