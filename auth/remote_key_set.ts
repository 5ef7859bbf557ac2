import { createLocalJWKSet, errors } from "jose";
import { atMost } from "../limits/deadlines.ts";
import { type GetKey, type KeySet, KeySetUnavailableError } from "./key_set.ts";
import { discoverKeySet } from "./discovery.ts";
import { DOWNLOAD_TIMEOUT_MS, downloadKeySet, parseKeySet } from "./key_set_download.ts";
import { type KeyFault, signingKeys } from "./signing_keys.ts";

/** Where a key set is: at a URL, or where the metadata of an issuer says. */
export type KeySetPlace = { readonly url: string } | { readonly metadataOf: string };

/** Options of {@linkcode RemoteKeySet}. */
export interface RemoteKeySetOptions {
  /** Default: the global one. */
  fetch?: typeof fetch;
  /** Monotonic clock, in ms; default: `performance.now`. */
  now?: () => number;
  /** Age at which keys are downloaded again, in ms. */
  maxAgeMs: number;
  /** Minimum time between two downloads, successful or not, in ms. */
  cooldownMs: number;
  /** Age at which keys are no longer used while the issuer is down, in ms. */
  maxStaleMs: number;
  /** Requests that may wait for a download while there are keys for others. Default: 100. */
  maxWaiting?: number;
  /** Called after every download. Default: none. */
  onRefresh?: (outcome: "ok" | "failed", cause?: unknown) => void;
  /** Called with the unusable keys of a new set, if any. Default: none. */
  onFaults?: (faults: readonly KeyFault[]) => void;
  /** Called with every download, for runtimes that would end it with the request (Workers). */
  waitUntil?: ((downloaded: Promise<void>) => void) | undefined;
}

/** Longest time a request waits for a download, in ms. */
const MAX_WAIT_MS = 1_000;

/** A tenth of the default of MAX_IN_FLIGHT: the rest serves tokens whose keys are known. */
const DEFAULT_MAX_WAITING = 100;

/**
 * The issuer's key set, downloaded in advance and refreshed in the background. While the
 * issuer is down, the last valid set is used. Unknown keys and wrong signatures cause at most one
 * download per cooldown.
 */
export class RemoteKeySet implements KeySet {
  version = 0;
  #downloadedAt: number | undefined;
  #lastAttemptAt = -Infinity;
  #lastAttemptFailed = false;
  #pending: Promise<void> | undefined;
  #waiting = 0;
  #text = "";
  #findKey: GetKey | undefined;
  readonly #place: KeySetPlace;
  readonly #options:
    & Required<Omit<RemoteKeySetOptions, "onRefresh" | "onFaults" | "waitUntil">>
    & RemoteKeySetOptions;

  constructor(place: KeySetPlace, options: RemoteKeySetOptions) {
    this.#place = place;
    this.#options = {
      fetch: globalThis.fetch,
      now: () => performance.now(),
      maxWaiting: DEFAULT_MAX_WAITING,
      ...options,
    };
  }

  isReady(): boolean {
    return this.#findKey !== undefined && this.#age() <= this.#options.maxStaleMs;
  }

  keepFresh(): void {
    if (this.#age() > this.#options.maxAgeMs) void this.refresh();
  }

  ageMs(): number | undefined {
    return this.#downloadedAt === undefined ? undefined : this.#age();
  }

  /** Downloads the keys unless that was tried within the cooldown; never rejects. */
  refresh(): Promise<void> {
    if (!this.#pending && this.#sinceLastAttempt() >= this.#options.cooldownMs) {
      this.#lastAttemptAt = this.#options.now();
      this.#pending = this.#download().finally(() => this.#pending = undefined);
      this.#options.waitUntil?.(this.#pending);
    }
    return this.#pending ?? Promise.resolve();
  }

  async changedSince(version: number): Promise<boolean> {
    if (this.version === version) await this.#wait(this.refresh());
    return this.version !== version;
  }

  readonly getKey: GetKey = async (header, token) => {
    await this.#refreshIfDue();
    if (!this.#findKey || !this.isReady()) throw new KeySetUnavailableError();
    const { version } = this;
    try {
      return await this.#findKey(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      if (await this.changedSince(version)) return await this.#findKey(header, token);
      // While the issuer does not answer, the key may be a new one.
      throw this.#lastAttemptFailed || this.#pending
        ? new KeySetUnavailableError("unknown key", { cause: error })
        : error;
    }
  };

  /** Starts a download when one is due; waits for it only if the present request needs it. */
  async #refreshIfDue(): Promise<void> {
    if (this.#age() <= this.#options.maxAgeMs) return;
    const downloaded = this.refresh();
    if (this.#shouldWait()) await this.#wait(downloaded);
  }

  /**
   * With keys: only if they are long overdue, as after a time without requests. Without keys:
   * unless the issuer has failed or not answered for a while.
   */
  #shouldWait(): boolean {
    const { maxAgeMs, cooldownMs } = this.#options;
    if (this.isReady()) return !this.#lastAttemptFailed && this.#age() > maxAgeMs + cooldownMs;
    return !this.#lastAttemptFailed || this.#sinceLastAttempt() < MAX_WAIT_MS;
  }

  /** Waits for a pending download; limited to `maxWaiting` requests while there are keys. */
  async #wait(downloaded: Promise<void>): Promise<void> {
    if (!this.#pending) return;
    if (this.#waiting >= this.#options.maxWaiting && this.isReady()) return;
    this.#waiting++;
    await atMost(MAX_WAIT_MS, downloaded);
    this.#waiting--;
  }

  async #download(): Promise<void> {
    const { fetch, now, onRefresh } = this.#options;
    const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
    try {
      const text = "url" in this.#place
        ? await downloadKeySet(this.#place.url, fetch, signal)
        : await discoverKeySet(this.#place.metadataOf, fetch, signal);
      if (text !== this.#text) await this.#replaceKeys(text);
      this.#downloadedAt = now();
      this.#lastAttemptFailed = false;
      onRefresh?.("ok");
    } catch (cause) {
      this.#lastAttemptFailed = true;
      onRefresh?.("failed", cause);
    }
  }

  async #replaceKeys(text: string): Promise<void> {
    const { jwks, faults } = await signingKeys(parseKeySet(text));
    this.#findKey = createLocalJWKSet(jwks);
    this.#text = text;
    this.version++;
    if (faults.length > 0) this.#options.onFaults?.(faults);
  }

  #sinceLastAttempt(): number {
    return this.#options.now() - this.#lastAttemptAt;
  }

  #age(): number {
    return this.#downloadedAt === undefined ? Infinity : this.#options.now() - this.#downloadedAt;
  }
}
