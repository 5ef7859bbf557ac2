import type { Context } from "hono";
import { GatewayError } from "../errors/gateway_error.ts";
import type { GatewayEnv } from "../exchange.ts";
import { withTimeout } from "../limits/deadlines.ts";
import { LookupSlots } from "../limits/lookup_slots.ts";
import { readJson } from "../upstream/read_json.ts";
import type { Forwarder, Lookup } from "./forward.ts";

/** Maximum number of requests that ask the SMS API for groups or batches at once. */
export const MAX_POLICY_LOOKUPS = 8;

/** Of these, the most for one caller: it would take all of them from the others. */
const MAX_LOOKUPS_OF_CALLER = 2;

/** Share of the deadline that a lookup waits for a slot; the rest is for the SMS API. */
const MAX_WAITING_SHARE = 1 / 2;

/** Largest answer that is read: about 70,000 members, in bytes. */
export const MAX_LOOKUP_BYTES = 1024 * 1024;

/** A group is too large, or there are too many of them, to be judged. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** Options of {@linkcode BoundedLookups}. */
export interface BoundedLookupsOptions {
  forwarder: Forwarder;
  /** Deadline for all lookups of one request, in ms. */
  timeoutMs: number;
}

/** When lookups end. */
export interface TimeLimit {
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  /** Aborts at the deadline. */
  readonly signal: AbortSignal;
}

/** Lookups at the SMS API for requests that cannot be judged without them: few at once, and in time. */
export class BoundedLookups {
  readonly #options: BoundedLookupsOptions;
  readonly #slots = new LookupSlots({
    total: MAX_POLICY_LOOKUPS,
    perCaller: MAX_LOOKUPS_OF_CALLER,
  });

  constructor(options: BoundedLookupsOptions) {
    this.#options = options;
  }

  /**
   * Runs lookups within their deadline, which includes their bodies and the wait for a slot.
   *
   * @throws {GatewayError} 503 if too many lookups are under way
   */
  async run<T>(
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
   * The JSON of a resource; undefined if it does not exist.
   *
   * @throws {TooLarge}
   * @throws {GatewayError} 503 if the SMS API does not tell
   */
  async get(
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
export function notTold(cause?: unknown): GatewayError {
  const isKnown = cause instanceof GatewayError && cause.failure.status === 503;
  if (isKnown) return cause;
  return new GatewayError("service_unavailable", {
    text:
      "The SMS API did not tell what your policy needs to know: the members of a group, or the batch before its change. Nothing was sent, so it is safe to send the request again after Retry-After.",
    ...cause !== undefined && { cause },
  });
}
