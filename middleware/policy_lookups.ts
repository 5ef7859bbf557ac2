import type { Context } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { withTimeout } from "../limits/deadlines.ts";
import { LookupSlots } from "../limits/lookup_slots.ts";
import type { Operation } from "../operations.ts";
import type { GroupSize } from "../policies/count.ts";
import type { CountryOf } from "../policies/country_of.ts";
import { GroupSizes, NO_GROUP, type PlanSizes, sizeOf } from "../policies/group_sizes.ts";
import { isObject, type MessageBody } from "../policies/message.ts";
import { readJson } from "../upstream/read_json.ts";
import type { Forwarder, Lookup } from "./forward.ts";
import { isTest } from "./policy_mode.ts";

/** Maximum number of requests that ask the SMS API for groups or batches at once. */
export const MAX_POLICY_LOOKUPS = 8;

/** Of these, the most for one caller: it would take all of them from the others. */
const MAX_LOOKUPS_OF_CALLER = 2;

/** Share of the deadline that a lookup waits for a slot; the rest is for the SMS API. */
const MAX_WAITING_SHARE = 1 / 2;

/** Largest answer that is read: about 70,000 members, in bytes. */
export const MAX_LOOKUP_BYTES = 1024 * 1024;

/** Maximum number of groups of one request that the SMS API is asked for. */
const MAX_GROUPS_ASKED = 20;

const PLAN = "/xms/v1/{service_plan_id}" as const;

/** Operations that change the members of groups. */
const GROUP_CHANGES: ReadonlySet<Operation["id"]> = new Set([
  "updateGroup",
  "replaceGroup",
  "deleteGroup",
]);

/** A group is too large, or there are too many of them, to be judged. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** Options of {@linkcode PolicyLookups}. */
export interface PolicyLookupsOptions {
  forwarder: Forwarder;
  /** Deadline for all lookups of one request, in ms. */
  timeoutMs: number;
}

/** When lookups end. */
interface TimeLimit {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** Aborts at the deadline. */
  readonly signal: AbortSignal;
}

/** What the policies need to know from the SMS API: members of groups, and batches as they are. */
export class PolicyLookups {
  readonly #options: PolicyLookupsOptions;
  readonly #sizes = new GroupSizes();
  readonly #slots = new LookupSlots({
    total: MAX_POLICY_LOOKUPS,
    perCaller: MAX_LOOKUPS_OF_CALLER,
  });

  constructor(options: PolicyLookupsOptions) {
    this.#options = options;
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
    return await this.#withSlot(c, async (limit) => {
      for (const id of unknown) {
        const members = await this.#get(c, {
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
    const batch = await this.#withSlot(c, (limit) => this.#get(c, lookup, limit));
    if (batch !== undefined && !isObject(batch)) throw notTold();
    return batch;
  }

  /**
   * Runs lookups within their deadline, which includes their bodies and the wait for a slot.
   *
   * @throws {GatewayError} 503 if too many lookups are under way
   */
  async #withSlot<T>(
    c: Context<GatewayEnv>,
    lookUp: (limit: TimeLimit) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.#options;
    const startedAt = performance.now();
    const { principal } = c.get("exchange");
    const caller = `${principal?.issuer} ${principal?.subject}`;
    // Not `using`, which Node 20 does not have.
    const release = await this.#slots.acquire(caller, timeoutMs * MAX_WAITING_SHARE);
    if (!release) throw new GatewayError("overloaded");
    const deadline = startedAt + timeoutMs;
    try {
      return await withTimeout(
        deadline - performance.now(),
        "the SMS API has not told in time",
        (signal) => lookUp({ deadline, signal }),
      );
    } finally {
      release();
    }
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

  /** The JSON of a resource; undefined if it does not exist. */
  async #get(
    c: Context<GatewayEnv>,
    lookup: Lookup,
    { deadline, signal }: TimeLimit,
  ): Promise<unknown> {
    const timeoutMs = Math.max(1, deadline - performance.now());
    const reply = await this.#options.forwarder.lookUp(c, { ...lookup, timeoutMs, signal })
      .catch((cause) => {
        throw notTold(cause);
      });
    if (reply.status === 200) {
      return await readJson(reply, MAX_LOOKUP_BYTES).catch((cause) => {
        throw cause instanceof RangeError ? new TooLarge() : notTold(cause);
      });
    }
    if (!(reply.body instanceof Uint8Array)) await reply.body.cancel();
    if (reply.status === 404) return undefined;
    throw notTold();
  }
}

/** A failure of a lookup says that nothing was processed, whatever it was. */
function notTold(cause?: unknown): GatewayError {
  const isKnown = cause instanceof GatewayError && cause.failure.status === 503;
  if (isKnown) return cause;
  return new GatewayError("service_unavailable", {
    text:
      "The SMS API did not tell what your policy needs to know: the members of a group, or the batch before its change. Nothing was sent, so it is safe to send the request again after Retry-After.",
    ...cause !== undefined && { cause },
  });
}
