import { ulid } from "@std/ulid";

/** Options of {@linkcode createSandbox}. */
export interface SandboxOptions {
  /** Service plan identifier → the API token that its callers must send. */
  servicePlans: Readonly<Record<string, string>>;
  /** Access key id → secret, for `POST /oauth2/token`. Default: every id and secret is good. */
  accessKeys?: Readonly<Record<string, string>> | undefined;
  /** Lifetime of OAuth access tokens, in seconds. Default: 3,600. */
  tokenLifetimeS?: number;
  /** The time, in milliseconds since the epoch. Default: `Date.now`. */
  now?: () => number;
  /** A new identifier of letters, digits, `_` and `-`. Default: a ULID of `now`. */
  newId?: () => string;
  /** How long a message stays Queued, in milliseconds. Default: 1000. */
  dispatchAfterMs?: number;
  /** How long it then stays Dispatched, in milliseconds. Default: 2000. */
  deliverAfterMs?: number;
  /** Sender of batches without `from`. Default: `12025550199`. */
  defaultOriginator?: string;
  /**
   * Service plan identifier → default callback URL. With one, a batch can request a delivery
   * report without a `callback_url`. Default: no plan has one.
   */
  defaultCallbackUrls?: Readonly<Record<string, string>>;
  /** Whether delivery reports and inbound messages are sent to callback URLs. Default: no. */
  sendCallbacks?: boolean;
  /**
   * Service plan identifier → secret that signs its callbacks. Default: they are not signed, as at
   * the API unless the account asks for it.
   */
  callbackSecrets?: Readonly<Record<string, string>>;
  /** How much faster than the API a callback is sent again that was not taken. Default: 1. */
  callbackSpeed?: number;
  /** Batches stored per service plan; beyond that the oldest are dropped. Default: 10,000. */
  maxBatches?: number;
  /** Groups stored per service plan; beyond that the oldest are dropped. Default: 1,000. */
  maxGroups?: number;
  /** Largest request body, in bytes. Default: 1 MiB. */
  maxBodyBytes?: number;
  /** Outstanding requests per service plan; more get a 429. Default: 10,000. */
  maxOutstanding?: number;
}

/** The options with their defaults. */
export type Settings = Required<SandboxOptions>;

/** Adds the defaults to `options`. */
export function resolveOptions(options: SandboxOptions): Settings {
  const now = options.now ?? Date.now;
  return {
    servicePlans: options.servicePlans,
    accessKeys: options.accessKeys,
    tokenLifetimeS: options.tokenLifetimeS ?? 3_600,
    now,
    newId: options.newId ?? (() => ulid(now())),
    dispatchAfterMs: options.dispatchAfterMs ?? 1_000,
    deliverAfterMs: options.deliverAfterMs ?? 2_000,
    defaultOriginator: options.defaultOriginator ?? "12025550199",
    defaultCallbackUrls: options.defaultCallbackUrls ?? {},
    sendCallbacks: options.sendCallbacks ?? false,
    callbackSecrets: options.callbackSecrets ?? {},
    callbackSpeed: options.callbackSpeed ?? 1,
    maxBatches: options.maxBatches ?? 10_000,
    maxGroups: options.maxGroups ?? 1_000,
    maxBodyBytes: options.maxBodyBytes ?? 1_048_576,
    maxOutstanding: options.maxOutstanding ?? 10_000,
  };
}
