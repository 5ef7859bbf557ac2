import { createLocalJWKSet, errors } from "jose";
import { atMost } from "../limits/deadlines.ts";
import { type GetKey, type KeySet, KeySetUnavailableError } from "./key_set.ts";
import { downloadKeySet, keysIn } from "./key_set_download.ts";
import { type KeyFault, signingKeys } from "./signing_keys.ts";

/** Options of {@linkcode RemoteKeySet}. */
export interface RemoteKeySetOptions {
  /** Fetches the key set; default: the global one. */
  fetch?: typeof fetch;
  /** Monotonic clock, in ms; default: `performance.now`. The wall clock may be set back. */
  now?: () => number;
  /** Keys older than this are fetched anew, in ms. */
  maxAgeMs: number;
  /** Shortest time between two fetches, successful or not, in ms. */
  cooldownMs: number;
  /** Keys older than this are no longer believed while the issuer is down, in ms. */
  maxStaleMs: number;
  /** Requests that may wait for a fetch while others can be served; default 100. */
  maxWaiting?: number;
  /** Told of every finished fetch; default: nobody. */
  onRefresh?: (outcome: "ok" | "failed", cause?: unknown) => void;
  /** Told of the keys of a new set that cannot be used, where there are any; default: nobody. */
  onFaults?: (faults: readonly KeyFault[]) => void;
  /** Told of every fetch that begins, where a runtime would end it with the request (Workers). */
  waitUntil?: ((fetched: Promise<void>) => void) | undefined;
}

/** Longest time a request waits for a fetch that may still change its answer, in ms. */
const MAX_WAIT_MS = 1_000;

/** A tenth of the default of MAX_IN_FLIGHT: the rest is for tokens whose key is known. */
const DEFAULT_MAX_WAITING = 100;

/**
 * The issuer's key set by URL. Fetched ahead of need and refreshed in the background; while
 * the issuer is down the last good set goes on verifying; unknown keys and wrong signatures cause
 * at most one fetch per cooldown, however many come.
 */
export class RemoteKeySet implements KeySet {
  version = 0;
  #fetchedAt: number | undefined;
  #lastAttemptAt = -Infinity;
  #lastAttemptFailed = false;
  #pending: Promise<void> | undefined;
  #waiting = 0;
  #text = "";
  #find: GetKey | undefined;
  readonly #url: string;
  readonly #options:
    & Required<Omit<RemoteKeySetOptions, "onRefresh" | "onFaults" | "waitUntil">>
    & RemoteKeySetOptions;

  constructor(url: string, options: RemoteKeySetOptions) {
    this.#url = url;
    this.#options = {
      fetch: globalThis.fetch,
      now: () => performance.now(),
      maxWaiting: DEFAULT_MAX_WAITING,
      ...options,
    };
  }

  isReady(): boolean {
    return this.#find !== undefined && this.#age() <= this.#options.maxStaleMs;
  }

  keepFresh(): void {
    if (this.#age() > this.#options.maxAgeMs) void this.refresh();
  }

  ageMs(): number | undefined {
    return this.#fetchedAt === undefined ? undefined : this.#age();
  }

  /** Fetches the keys unless that was tried within the cooldown; never rejects. */
  refresh(): Promise<void> {
    if (!this.#pending && this.#sinceLastAttempt() >= this.#options.cooldownMs) {
      this.#lastAttemptAt = this.#options.now();
      this.#pending = this.#fetch().finally(() => this.#pending = undefined);
      this.#options.waitUntil?.(this.#pending);
    }
    return this.#pending ?? Promise.resolve();
  }

  async changedSince(version: number): Promise<boolean> {
    if (this.version === version) await this.#wait(this.refresh());
    return this.version !== version;
  }

  readonly getKey: GetKey = async (header, token) => {
    await this.#freshen();
    if (!this.#find || !this.isReady()) throw new KeySetUnavailableError();
    const { version } = this;
    try {
      return await this.#find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (await this.changedSince(version)) return await this.#find(header, token);
      // Without the issuer's answer the key may be a new one.
      throw this.#lastAttemptFailed || this.#pending
        ? new KeySetUnavailableError("unknown key", { cause: error })
        : error;
    }
  };

  /** Starts a fetch when one is due; waits for it only where its outcome matters now. */
  async #freshen(): Promise<void> {
    if (this.#age() <= this.#options.maxAgeMs) return;
    const fetched = this.refresh();
    if (this.#isWorthWaiting()) await this.#wait(fetched);
  }

  /** With keys only where nobody has asked for long; without, unless the issuer seems to hang. */
  #isWorthWaiting(): boolean {
    const { maxAgeMs, cooldownMs } = this.#options;
    if (this.isReady()) return !this.#lastAttemptFailed && this.#age() > maxAgeMs + cooldownMs;
    return !this.#lastAttemptFailed || this.#sinceLastAttempt() < MAX_WAIT_MS;
  }

  /** Waits for a fetch that is under way, with a limit on how many do while others can be served. */
  async #wait(fetched: Promise<void>): Promise<void> {
    if (!this.#pending) return;
    if (this.#waiting >= this.#options.maxWaiting && this.isReady()) return;
    this.#waiting++;
    await atMost(MAX_WAIT_MS, fetched);
    this.#waiting--;
  }

  async #fetch(): Promise<void> {
    const { fetch, now, onRefresh } = this.#options;
    try {
      const text = await downloadKeySet(this.#url, fetch);
      if (text !== this.#text) await this.#take(text);
      this.#fetchedAt = now();
      this.#lastAttemptFailed = false;
      onRefresh?.("ok");
    } catch (cause) {
      this.#lastAttemptFailed = true;
      onRefresh?.("failed", cause);
    }
  }

  async #take(text: string): Promise<void> {
    const { jwks, faults } = await signingKeys(keysIn(text));
    this.#find = createLocalJWKSet(jwks);
    this.#text = text;
    this.version++;
    if (faults.length > 0) this.#options.onFaults?.(faults);
  }

  #sinceLastAttempt(): number {
    return this.#options.now() - this.#lastAttemptAt;
  }

  #age(): number {
    return this.#fetchedAt === undefined ? Infinity : this.#options.now() - this.#fetchedAt;
  }
}
