import { ulid } from "@std/ulid";

/** What {@link createSandbox} can be told. */
export interface SandboxOptions {
  /** Service plan identifier → the API token its callers must show. */
  servicePlans: Readonly<Record<string, string>>;
  /** The time, in milliseconds since the epoch. Default: `Date.now`. */
  now?: () => number;
  /** A new identifier of letters, digits, `_` and `-`. Default: a ULID of `now`. */
  newId?: () => string;
  /** How long a message stays Queued, in milliseconds. Default: 1000. */
  dispatchAfterMs?: number;
  /** How long it then stays Dispatched, in milliseconds. Default: 2000. */
  deliverAfterMs?: number;
  /** Sender of batches that name none. Default: `12025550199`. */
  defaultOriginator?: string;
  /**
   * Service plan identifier → its default callback URL, with which a delivery report can be
   * requested without a `callback_url`. Default: no plan has one.
   */
  defaultCallbackUrls?: Readonly<Record<string, string>>;
  /** Batches kept per service plan; the oldest make room. Default: 10,000. */
  maxBatches?: number;
  /** Groups kept per service plan; the oldest make room. Default: 1,000. */
  maxGroups?: number;
  /** Largest request body, in bytes. Default: 1 MiB. */
  maxBodyBytes?: number;
  /** Requests of one service plan answered at once; more get a 429. Default: 10,000. */
  maxOutstanding?: number;
}

/** The options with their defaults in place. */
export type World = Required<SandboxOptions>;

/** Fills in the defaults. */
export function createWorld(options: SandboxOptions): World {
  const now = options.now ?? Date.now;
  return {
    servicePlans: options.servicePlans,
    now,
    newId: options.newId ?? (() => ulid(now())),
    dispatchAfterMs: options.dispatchAfterMs ?? 1_000,
    deliverAfterMs: options.deliverAfterMs ?? 2_000,
    defaultOriginator: options.defaultOriginator ?? "12025550199",
    defaultCallbackUrls: options.defaultCallbackUrls ?? {},
    maxBatches: options.maxBatches ?? 10_000,
    maxGroups: options.maxGroups ?? 1_000,
    maxBodyBytes: options.maxBodyBytes ?? 1_048_576,
    maxOutstanding: options.maxOutstanding ?? 10_000,
  };
}
