import type { Budgets } from "../budgets/budgets.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { type RateLimit, rateLimitFields } from "../errors/rate_limit_fields.ts";
import type { BudgetWindow, Exchange } from "../exchange.ts";
import type { AppliedPolicy } from "../policies/policy.ts";
import { WINDOW_MS } from "../state/counters.ts";
import type { Check } from "./checks.ts";

/**
 * Takes the message parts of a request from the budgets of its policy, or answers 429
 * `quota_exceeded` (contract.md §7). They are given back if the request was not processed.
 */
export function budget(budgets: Budgets): Check {
  async function reserve(exchange: Exchange, applied: AppliedPolicy): Promise<void> {
    const { policy, messages } = applied;
    const reservation = await budgets.reserve(policy, messages);
    const { reserved, exceeded, countedBy, windows } = reservation;
    exchange.budget = { countedBy, windows };
    if (exceeded) exchange.policy = withQuotaViolation(applied);
    if (!reserved) throw quotaExceeded(windows, messages);
    exchange.undo.push(() => budgets.giveBack(policy, messages, reservation));
  }

  return function budget(c) {
    const exchange = c.get("exchange");
    const { policy } = exchange;
    if (!policy?.policy.messages || policy.messages === 0) return;
    return reserve(exchange, policy);
  };
}

/** A rule that is broken is reported, also where it refuses nothing (mode `warn`). */
function withQuotaViolation(applied: AppliedPolicy): AppliedPolicy {
  return { ...applied, violations: [...applied.violations, "quota"] };
}

/**
 * Response headers that tell a caller what is left, so that it can slow down in time. Mode `warn`
 * changes nothing for callers, so that it tells nothing.
 */
export function rateLimitHeaders({ budget, policy }: Exchange): Record<string, string> {
  if (!budget || policy?.policy.mode === "warn") return {};
  return rateLimitFields(budget.windows.map(toRateLimit));
}

function quotaExceeded(windows: readonly BudgetWindow[], messages: number): GatewayError {
  const exceeded = windows.filter(({ limit, used }) => used + messages > limit);
  const tooLarge = exceeded.find(({ limit }) => messages > limit);
  // The last to end is decisive: before that, this request is refused in any case.
  const last = exceeded.reduce((last, window) => window.resetMs > last.resetMs ? window : last);
  const text = tooLarge
    ? `This request needs ${messages} message parts, more than the whole budget of ${tooLarge.limit} per ${tooLarge.unit}: it can never pass. Nothing was sent. Split it into several requests with fewer recipients.`
    : `This request needs ${messages} message parts, but ${
      leftOf(last)
    } of ${last.limit} per ${last.unit} (UTC) are left. Nothing was sent. Send it again after Retry-After.`;
  return new GatewayError("quota_exceeded", {
    text,
    headers: {
      "retry-after": String(secondsOf(last.resetMs)),
      ...rateLimitFields(windows.map(toRateLimit)),
    },
  });
}

function toRateLimit(window: BudgetWindow): RateLimit {
  const { unit, limit, resetMs } = window;
  return {
    name: `per_${unit}`, // as in the policy
    limit,
    left: leftOf(window),
    resetS: secondsOf(resetMs),
    unit: "message-parts",
    windowS: WINDOW_MS[unit] / 1_000,
  };
}

function leftOf({ limit, used }: BudgetWindow): number {
  return Math.max(0, limit - used);
}

/** Rounded up: a caller that waits so long meets the next window. */
function secondsOf(ms: number): number {
  return Math.ceil(ms / 1_000);
}
