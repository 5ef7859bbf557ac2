import { createLocalJWKSet, errors, type JSONWebKeySet } from "jose";

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

/** A fetch of the key set that takes longer has failed, in ms. */
const FETCH_TIMEOUT_MS = 5_000;

/** Longest time a request waits for a fetch that may still change its answer, in ms. */
const MAX_WAIT_MS = 1_000;

/** Longer key sets, in characters, are not read: a page that is no key set, or an attack. */
const MAX_KEY_SET_LENGTH = 1024 * 1024;

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
      const text = await this.#download();
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

  async #download(): Promise<string> {
    const { fetch } = this.#options; // not called as a method: Workers mind what `this` is
    const response = await fetch(this.#url, {
      headers: { accept: "application/jwk-set+json, application/json" },
      redirect: "manual", // a redirect is no key set; Workers do not know "error"
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`key set answered ${response.status}`);
    }
    return await boundedText(response);
  }

  #ageMs(): number {
    return this.fetchedAt === undefined ? Infinity : this.#options.now() - this.fetchedAt;
  }
}

/** The key set without symmetric keys, which an issuer must not publish and nobody may use. */
function publicKeysOf(jwks: unknown): JSONWebKeySet {
  if (typeof jwks !== "object" || jwks === null || !("keys" in jwks) || !Array.isArray(jwks.keys)) {
    throw new errors.JWKSInvalid("no JSON Web Key Set");
  }
  return { keys: jwks.keys.filter((key) => key?.kty !== "oct") };
}

async function boundedText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_KEY_SET_LENGTH) throw new Error("key set is too long");
  }
  return text + decoder.decode();
}

async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, timeUp]);
  clearTimeout(timer);
}
