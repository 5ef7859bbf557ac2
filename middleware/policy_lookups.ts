import type { Context } from "hono";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import type { Operation } from "../operations.ts";
import type { GroupSize } from "../policies/count.ts";
import type { CountryOf } from "../policies/country_of.ts";
import { GroupSizes, NO_GROUP, type PlanSizes, sizeOf } from "../policies/group_sizes.ts";
import { isObject, type MessageBody } from "../policies/message.ts";
import {
  BoundedLookups,
  type BoundedLookupsOptions,
  notTold,
  TooLarge,
} from "./bounded_lookups.ts";
import { isTest } from "./policy_mode.ts";

/** Maximum number of groups of one request that the SMS API is asked for. */
const MAX_GROUPS_ASKED = 20;

const PLAN = "/xms/v1/{service_plan_id}" as const;

/** Operations that change the members of groups. */
const GROUP_CHANGES: ReadonlySet<Operation["id"]> = new Set([
  "updateGroup",
  "replaceGroup",
  "deleteGroup",
]);

/** What the policies need to know from the SMS API: members of groups, and batches as they are. */
export class PolicyLookups {
  readonly #lookups: BoundedLookups;
  readonly #sizes = new GroupSizes();

  constructor(options: BoundedLookupsOptions) {
    this.#lookups = new BoundedLookups(options);
  }

  /**
   * The sizes of groups; an unknown group is empty, and the SMS API refuses it.
   *
   * @throws {TooLarge}
   * @throws {GatewayError} 503 if the SMS API does not tell
   */
  async groupSizes(
    c: Context<GatewayEnv>,
    ids: Iterable<string>,
    countryOf: CountryOf | undefined,
  ): Promise<ReadonlyMap<string, GroupSize>> {
    const sizes = new Map<string, GroupSize>();
    const unknown: string[] = [];
    const known = this.#sizesOf(c.get("exchange"), countryOf);
    for (const id of ids) {
      const size = known.get(id);
      if (size) sizes.set(id, size);
      else unknown.push(id);
    }
    if (unknown.length > MAX_GROUPS_ASKED) throw new TooLarge();
    if (unknown.length === 0) return sizes;
    return await this.#lookups.run(c, async (limit) => {
      for (const id of unknown) {
        const members = await this.#lookups.get(c, {
          route: `${PLAN}/groups/{group_id}/members`,
          path: `/xms/v1/${c.get("exchange").servicePlanId}/groups/${id}/members`,
          query: "",
        }, limit);
        const size = members === undefined ? NO_GROUP : sizeOf(members, countryOf);
        if (!size) throw notTold();
        known.set(id, size);
        sizes.set(id, size);
      }
      return sizes;
    });
  }

  /**
   * The batch that the path names, before it is changed; undefined if there is none.
   *
   * @throws {TooLarge}
   * @throws {GatewayError} 503 if the SMS API does not tell
   */
  async batch(c: Context<GatewayEnv>): Promise<MessageBody | undefined> {
    const path = c.get("exchange").rawPath;
    const lookup = { route: `${PLAN}/batches/{batch_id}`, path, query: "" } as const;
    const batch = await this.#lookups.run(c, (limit) => this.#lookups.get(c, lookup, limit));
    if (batch !== undefined && !isObject(batch)) throw notTold();
    return batch;
  }

  /**
   * Forgets the sizes of the plan's groups if the request changes a group: another one may have it
   * among its members.
   */
  sent({ operation, servicePlanId = "" }: Exchange): void {
    if (!operation || !GROUP_CHANGES.has(operation.id)) return;
    this.#sizes.forget(servicePlanId);
  }

  /** Members are counted without countries where no policy needed them yet. */
  #sizesOf(exchange: Exchange, countryOf: CountryOf | undefined): PlanSizes {
    const kind = `${isTest(exchange) ? "test" : "live"} ${countryOf ? "countries" : "size"}`;
    return this.#sizes.ofPlan(exchange.servicePlanId ?? "", kind);
  }
}
