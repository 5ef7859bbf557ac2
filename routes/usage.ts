import type { Hono, MiddlewareHandler } from "hono";
import type * as v from "valibot";
import type { Budgets } from "../budgets/budgets.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { responseBody } from "../middleware/response_slots.ts";
import type { Policies } from "../policies/policies.ts";
import type { Policy } from "../policies/policy.ts";
import { USAGE_PATH } from "../route_table.ts";
import type { UsageResponse } from "../schemas/mod.ts";
import { WINDOW_MS, type WindowCount } from "../state/counters.ts";

/** Options of {@linkcode mountUsage}. */
export interface UsageOptions {
  /** Authenticate the caller. */
  checks: MiddlewareHandler<GatewayEnv>;
  policies: Policies;
  budgets: Budgets;
}

type Usage = v.InferOutput<typeof UsageResponse>;

const encoder = new TextEncoder();

/**
 * Mounts `GET /usage`: the policy of the caller, and what is used and left of its budgets. It has no
 * phone numbers: neither the callers nor the senders of the policy.
 */
export function mountUsage(app: Hono<GatewayEnv>, options: UsageOptions): void {
  const { checks, policies, budgets } = options;
  app.use(USAGE_PATH, (c, next) => {
    c.get("exchange").route = USAGE_PATH;
    return next();
  });
  app.get(USAGE_PATH, checks, async (c) => {
    const { principal } = c.get("exchange");
    const policy = policies.match(principal?.subject);
    const body = encoder.encode(JSON.stringify(await usageOf(policy, budgets)));
    return c.body(responseBody(c, body), 200, {
      "content-type": "application/json",
      "content-length": String(body.byteLength),
      "cache-control": "no-store",
      "x-request-id": c.get("requestId"),
    });
  });
  app.all(USAGE_PATH, () => {
    throw new GatewayError("method_not_allowed", { headers: { allow: "GET, HEAD" } });
  });
}

async function usageOf(policy: Policy | undefined, budgets: Budgets): Promise<Usage> {
  if (!policy) return { policy: null, unit: "message_parts", budgets: [] };
  const { name, mode, groups, countries, messages } = policy;
  const counted = messages && await budgets.usage(policy);
  return {
    policy: name,
    mode,
    ...countries && { countries: [...countries] },
    groups,
    unit: "message_parts",
    budgets: counted?.windows.map(toBudget) ?? [],
    ...counted && { counted_by: counted.countedBy },
  };
}

function toBudget({ unit, limit, used, index }: WindowCount): Usage["budgets"][number] {
  return {
    window: unit,
    limit,
    used,
    left: Math.max(0, limit - used),
    resets_at: new Date((index + 1) * WINDOW_MS[unit]).toISOString(),
  };
}
