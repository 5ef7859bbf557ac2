import { createLocalJWKSet, errors, type JSONWebKeySet } from "jose";
import { atMost } from "../limits/deadlines.ts";
import { downloadKeySet, publicKeysOf } from "./key_set_download.ts";

/** Finds the key that a token's header asks for, as `jwtVerify` of jose takes it. */
export type GetKey = (
  ...args: Parameters<ReturnType<typeof createLocalJWKSet>>
) => Promise<CryptoKey>;

/** Where verification keys come from. */
export interface KeySet {
  /** Grows whenever the keys change: what was verified with others must be verified again. */
  readonly version: number;
  /**
   * The key a token's header asks for.
   *
   * @throws {KeySetUnavailableError} while there are no keys to judge by
   * @throws {errors.JWKSNoMatchingKey} when the issuer has no such key
   */
  readonly getKey: GetKey;
  /** Whether tokens can be judged right now. */
  isReady(): boolean;
  /** Starts a fetch in the background when one is due; called for every request. */
  keepFresh(): void;
  /** Since when the keys are known to be the issuer's, epoch ms; undefined: never. */
  readonly fetchedAt: number | undefined;
}

/** No token can be judged: neither valid nor invalid is known. */
export class KeySetUnavailableError extends Error {
  override readonly name = "KeySetUnavailableError";
}

/** A key set given in the configuration. */
export function staticKeySet(jwks: JSONWebKeySet): KeySet {
  return {
    version: 0,
    getKey: createLocalJWKSet(jwks),
    isReady: () => true,
    keepFresh() {},
    fetchedAt: undefined,
  };
}

/** Options of {@linkcode RemoteKeySet}. */
export interface RemoteKeySetOptions {
  /** Fetches the key set; default: the global one. */
  fetch?: typeof fetch;
  /** Clock, epoch ms; default: `Date.now`. */
  now?: () => number;
  /** Keys older than this are fetched anew, in ms. */
  maxAgeMs: number;
  /** Shortest time between two fetches, successful or not, in ms. */
  cooldownMs: number;
  /** Keys older than this are no longer believed while the issuer is down, in ms. */
  maxStaleMs: number;
  /** Told of every finished fetch; default: nobody. */
  onRefresh?: (outcome: "ok" | "failed", cause?: unknown) => void;
  /** Told of every fetch that begins, where a runtime would end it with the request (Workers). */
  waitUntil?: ((fetched: Promise<void>) => void) | undefined;
}

/** Longest time a request waits for a fetch that may still change its answer, in ms. */
const MAX_WAIT_MS = 1_000;

/**
 * The issuer's key set by URL. Fetched ahead of need and refreshed in the background; while
 * the issuer is down the last good set goes on verifying; an unknown `kid` causes at most one
 * fetch per cooldown, however many come.
 */
export class RemoteKeySet implements KeySet {
  version = 0;
  fetchedAt: number | undefined;
  #lastAttemptAt = -Infinity;
  #lastAttemptFailed = false;
  #pending: Promise<void> | undefined;
  #text = "";
  #find: GetKey | undefined;
  readonly #url: string;
  readonly #options:
    & Required<Omit<RemoteKeySetOptions, "onRefresh" | "waitUntil">>
    & RemoteKeySetOptions;

  constructor(url: string, options: RemoteKeySetOptions) {
    this.#url = url;
    this.#options = { fetch: globalThis.fetch, now: Date.now, ...options };
  }

  isReady(): boolean {
    return this.#find !== undefined && this.#ageMs() <= this.#options.maxStaleMs;
  }

  keepFresh(): void {
    if (this.#ageMs() > this.#options.maxAgeMs) void this.refresh();
  }

  /** Fetches the keys unless that was tried within the cooldown; never rejects. */
  refresh(): Promise<void> {
    const { now, cooldownMs } = this.#options;
    if (!this.#pending && now() - this.#lastAttemptAt >= cooldownMs) {
      this.#lastAttemptAt = now();
      this.#pending = this.#fetch().finally(() => this.#pending = undefined);
      this.#options.waitUntil?.(this.#pending);
    }
    return this.#pending ?? Promise.resolve();
  }

  readonly getKey: GetKey = async (header, token) => {
    await this.#freshen();
    if (!this.#find || !this.isReady()) throw new KeySetUnavailableError();
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await this.#findAfterRotation(header, token, error);
    }
  };

  /** Starts a fetch when one is due; waits for it only where its outcome matters now. */
  async #freshen(): Promise<void> {
    const { maxAgeMs, cooldownMs } = this.#options;
    const age = this.#ageMs();
    if (age <= maxAgeMs) return;
    const neverTried = this.#lastAttemptAt === -Infinity || (this.#pending && !this.#find);
    const longUnused = !this.#lastAttemptFailed && age > maxAgeMs + cooldownMs;
    const fetched = this.refresh();
    if ((neverTried && !this.#lastAttemptFailed) || longUnused) await atMost(MAX_WAIT_MS, fetched);
  }

  async #findAfterRotation(
    header: Parameters<GetKey>[0],
    token: Parameters<GetKey>[1],
    error: errors.JWKSNoMatchingKey,
  ): Promise<CryptoKey> {
    const before = this.version;
    await atMost(MAX_WAIT_MS, this.refresh());
    if (this.version !== before && this.#find) return await this.#find(header, token);
    throw this.#lastAttemptFailed
      ? new KeySetUnavailableError("unknown key", { cause: error })
      : error;
  }

  async #fetch(): Promise<void> {
    try {
      const text = await downloadKeySet(this.#url, this.#options.fetch);
      if (text !== this.#text) {
        this.#find = createLocalJWKSet(publicKeysOf(JSON.parse(text)));
        this.#text = text;
        this.version++;
      }
      this.fetchedAt = this.#options.now();
      this.#lastAttemptFailed = false;
      this.#options.onRefresh?.("ok");
    } catch (cause) {
      this.#lastAttemptFailed = true;
      this.#options.onRefresh?.("failed", cause);
    }
  }

  #ageMs(): number {
    return this.fetchedAt === undefined ? Infinity : this.#options.now() - this.fetchedAt;
  }
}
