import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** A budget in its current window. */
export const UsageBudget = v.object({
  window: v.picklist(["minute", "hour", "day"]),
  limit: count,
  used: count,
  left: count,
  resets_at: v.pipe(v.string(), v.isoTimestamp()),
});

/** Response of `GET /usage`, which is the gateway's own. */
export const UsageResponse = v.object({
  policy: v.nullable(v.string()),
  mode: v.optional(v.picklist(["live", "test", "warn"])),
  countries: v.optional(v.array(v.string())),
  groups: v.optional(v.boolean()),
  unit: v.literal("message_parts"),
  budgets: v.array(UsageBudget),
  counted_by: v.optional(v.picklist(["store", "instance"])),
});
