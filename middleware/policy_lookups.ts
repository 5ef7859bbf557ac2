import type { Context } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { withTimeout } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import type { GroupSize } from "../policies/count.ts";
import type { CountryOf } from "../policies/country_of.ts";
import { GroupSizes, sizeOf } from "../policies/group_sizes.ts";
import { isObject, type MessageBody } from "../policies/message.ts";
import { readJson } from "../upstream/read_json.ts";
import type { Forwarder, Lookup } from "./forward.ts";
import { isTest } from "./policy_mode.ts";

/** Maximum number of requests that ask the SMS API for groups or batches at once. */
export const MAX_POLICY_LOOKUPS = 8;

/** Largest answer that is read: about 70,000 members, in bytes. */
export const MAX_LOOKUP_BYTES = 1024 * 1024;

/** Maximum number of groups of one request that the SMS API is asked for. */
const MAX_GROUPS_ASKED = 20;

const PLAN = "/xms/v1/{service_plan_id}" as const;

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
  readonly #lookups = new OutstandingLimiter(MAX_POLICY_LOOKUPS);

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
    for (const id of ids) {
      const size = this.#sizes.get(cacheKey(c, id, countryOf));
      if (size) sizes.set(id, size);
      else unknown.push(id);
    }
    if (unknown.length > MAX_GROUPS_ASKED) throw new TooLarge();
    if (unknown.length === 0) return sizes;
    return await this.#withSlot(async (limit) => {
      for (const id of unknown) {
        const members = await this.#get(c, {
          route: `${PLAN}/groups/{group_id}/members`,
          path: `/xms/v1/${c.get("exchange").servicePlanId}/groups/${id}/members`,
          query: "",
        }, limit);
        const size = members === undefined ? EMPTY : sizeOf(members, countryOf);
        if (!size) throw notTold();
        if (size !== EMPTY) this.#sizes.set(cacheKey(c, id, countryOf), size);
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
    const batch = await this.#withSlot((limit) => this.#get(c, lookup, limit));
    if (batch !== undefined && !isObject(batch)) throw notTold();
    return batch;
  }

  /**
   * Runs lookups within their deadline, which includes their bodies.
   *
   * @throws {GatewayError} 503 if too many lookups are under way
   */
  async #withSlot<T>(lookUp: (limit: TimeLimit) => Promise<T>): Promise<T> {
    const release = this.#lookups.acquire("all"); // not `using`, which Node 20 does not have
    if (!release) throw new GatewayError("overloaded");
    const { timeoutMs } = this.#options;
    const deadline = performance.now() + timeoutMs;
    try {
      return await withTimeout(
        timeoutMs,
        "the SMS API has not told in time",
        (signal) => lookUp({ deadline, signal }),
      );
    } finally {
      release();
    }
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

const EMPTY: GroupSize = { members: 0, countries: new Map() };

/** Members are counted without countries where no policy needed them yet. */
function cacheKey(c: Context<GatewayEnv>, id: string, countryOf: CountryOf | undefined): string {
  const exchange = c.get("exchange");
  const { servicePlanId } = exchange;
  return `${isTest(exchange) ? "test" : "live"} ${
    countryOf ? "countries" : "size"
  } ${servicePlanId} ${id}`;
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
