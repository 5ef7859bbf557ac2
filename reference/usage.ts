import { STATUSES } from "../errors/statuses.ts";
import { USAGE_PATH } from "../route_table.ts";
import { schemaRef } from "./json_schema.ts";
import { headerRefs } from "./responses.ts";

/** The tag of the operation, with its description. */
export const USAGE_TAGS = { Usage: "What your policy allows, and what is left of it." } as const;

/** Statuses of errors; the others need a service plan, a body or the SMS API. */
const ERRORS: ReadonlySet<number> = new Set([401, 405, 429, 500, 503]);

const EXAMPLE = {
  policy: "shop",
  mode: "live",
  countries: ["NO", "SE"],
  groups: true,
  unit: "message_parts",
  budgets: [
    { window: "hour", limit: 600, used: 42, left: 558, resets_at: "2026-03-01T13:00:00.000Z" },
    { window: "day", limit: 5_000, used: 712, left: 4_288, resets_at: "2026-03-02T00:00:00.000Z" },
  ],
  counted_by: "store",
};

/** The path of the usage with its operation, for the OpenAPI document. */
export function usagePath(): Record<string, object> {
  return {
    [USAGE_PATH]: {
      get: {
        operationId: "getUsage",
        tags: Object.keys(USAGE_TAGS),
        summary: "Get your usage",
        description:
          "Tells what your policy at this gateway allows, and what is used and left of its budgets, which all callers of the policy share. The unit is message parts, as the SMS API bills them: recipients × parts. A success of `sendBatch` tells the same in the header `RateLimit`. Needs a valid token, and no service plan.",
        parameters: ["X-Request-Id", "traceparent"].map((name) => ({
          $ref: `#/components/parameters/${name}`,
        })),
        responses: {
          200: {
            description: "The usage. A caller without a policy may send everything.",
            headers: headerRefs([]),
            content: {
              "application/json": { schema: schemaRef("UsageResponse"), example: EXAMPLE },
            },
          },
          ...Object.fromEntries(
            STATUSES.filter(({ status }) => ERRORS.has(status)).map(({ status, component }) => [
              String(status),
              { $ref: `#/components/responses/${component}` },
            ]),
          ),
        },
      },
    },
  };
}
