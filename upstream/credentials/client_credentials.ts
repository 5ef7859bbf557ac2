import { GatewayError, gatewayFailure } from "../../errors/gateway_error.ts";
import { ownRetryAfter } from "../../errors/retry_after.ts";
import { CredentialFilter } from "../credential_filter.ts";
import type { UpstreamTarget } from "../target.ts";
import type { PlanCredential, TokenWaiter } from "./plan_credential.ts";
import { TokenError } from "./token_error.ts";
import type { TokenFetch, TokenFetcher } from "./token_fetcher.ts";
import type { FetchedToken, KeyPair } from "./token_request.ts";
import type { Waiting } from "./waiting.ts";

/** What all client credentials share. */
export interface ClientCredentialsContext {
  /** The SMS API that accepts tokens. */
  readonly target: UpstreamTarget;
  /** Removes the static credentials and the key secrets. */
  readonly filter: () => CredentialFilter;
  readonly fetcher: TokenFetcher;
  /** The service plans and projects that use the credentials now. */
  readonly servicePlans: () => readonly string[];
  /** Bounds the requests that wait. */
  readonly waiting: Waiting;
}

/** A token in use; times are on the clock of `performance.now()`, in ms. */
interface Token {
  readonly authorization: string;
  readonly fetchedAt: number;
  /** From when on it is renewed in the background. */
  readonly renewAt: number;
  readonly expiresAt: number;
  readonly filter: CredentialFilter;
}

/** Share of its lifetime after which a token is renewed: the rest outlasts a short outage. */
const RENEW_AFTER = 0.8;

/** A token is not sent in the last moments of its lifetime, in ms: it takes time to arrive. */
const EXPIRY_MARGIN_MS = 5_000;

/** Lifetime of a token whose endpoint does not tell it, in seconds. */
const DEFAULT_LIFETIME_S = 300;

/** A shorter lifetime, in ms, counts as this: otherwise each request would fetch a token. */
const MIN_LIFETIME_MS = 10_000;

/** Longest lifetime, in seconds: that a token was revoked is noticed by the 401 of the API. */
const MAX_LIFETIME_S = 86_400;

/**
 * A token that the API refuses is not renewed within this time of its fetch, in ms: the next one
 * would be refused as well.
 */
const MIN_RENEWAL_INTERVAL_MS = 10_000;

/** First and longest time without a fetch after a failed one, in ms; doubled by each failure. */
const COOLDOWN_MS = 1_000;
const MAX_COOLDOWN_MS = 30_000;

/** Longest `Retry-After` of the token endpoint that is honoured, in ms. */
const MAX_RETRY_AFTER_MS = 300_000;

/**
 * OAuth 2.0 client credentials (contract.md §8). The token is fetched once, however many requests
 * wait; it is used from memory, and renewed in the background before it expires.
 */
export class ClientCredentials implements PlanCredential {
  #token: Token | undefined;
  #value = "";
  #pending: { readonly settled: Promise<void>; readonly fetch: TokenFetch } | undefined;
  #failure: TokenError | undefined;
  #failures = 0;
  #retryAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isRetired = false;
  readonly #keys: KeyPair;
  readonly #context: ClientCredentialsContext;

  constructor(keys: KeyPair, context: ClientCredentialsContext) {
    this.#keys = keys;
    this.#context = context;
  }

  get target(): UpstreamTarget {
    return this.#context.target;
  }

  get filter(): CredentialFilter {
    return this.#token?.filter ?? this.#context.filter();
  }

  /** The last token; empty before the first. */
  get secret(): string {
    return this.#value;
  }

  /** When the token in use was fetched, on the clock of `performance.now()`; undefined without. */
  get fetchedAt(): number | undefined {
    return this.#isUsable(this.#token) ? this.#token?.fetchedAt : undefined;
  }

  /** Whether there is no token, and the last fetch failed. */
  get isUnavailable(): boolean {
    return this.#failure !== undefined && !this.#isUsable(this.#token);
  }

  authorization(waiter: TokenWaiter): string | Promise<string> {
    const token = this.#token;
    const now = performance.now();
    if (!token || now >= token.expiresAt) return this.#fetched(waiter);
    if (now >= token.renewAt) this.fetchAhead();
    return token.authorization;
  }

  async renew(refused: string, waiter: TokenWaiter): Promise<string | undefined> {
    const token = this.#token;
    const isOther = token?.authorization !== refused;
    if (token && isOther && this.#isUsable(token)) return token.authorization;
    if (token && performance.now() - token.fetchedAt < MIN_RENEWAL_INTERVAL_MS) return undefined;
    const authorization = await this.#fetched(waiter);
    return authorization === refused ? undefined : authorization;
  }

  /** Fetches a token in the background, unless that is under way or failed just before. */
  fetchAhead(): void {
    if (!this.#pending && performance.now() >= this.#retryAt) this.#start();
  }

  /** Ends the renewals in the background; who still has the credentials can use them. */
  retire(): void {
    this.#isRetired = true;
    clearTimeout(this.#timer);
  }

  /** Renews the token at that time, whether or not a request comes then; not on Workers. */
  #renewAt(time: number): void {
    if (this.#isRetired || this.#context.fetcher.waitUntil) return;
    clearTimeout(this.#timer);
    // A timer can be early by a fraction of a millisecond, and then nothing would be fetched.
    const waitMs = Math.ceil(Math.max(0, time - performance.now())) + 1;
    this.#timer = setTimeout(() => this.fetchAhead(), waitMs);
  }

  /** Waits for the fetch that is under way, or for a new one. */
  async #fetched(waiter: TokenWaiter): Promise<string> {
    const before = this.#token;
    if (!this.#pending) {
      const waitMs = this.#retryAt - performance.now();
      if (waitMs > 0) throw unavailable(this.#failure, waitMs);
    }
    const { settled, fetch } = this.#pending ?? this.#start();
    fetch.waitedBy(waiter.span);
    await this.#context.waiting.for(settled, waiter);
    const token = this.#token;
    if (token && token !== before) return token.authorization;
    throw unavailable(this.#failure, this.#retryAt - performance.now());
  }

  #start() {
    const { fetcher, servicePlans } = this.#context;
    const fetch = fetcher.fetch({ keys: this.#keys, servicePlans });
    const settled = fetch.token
      .then((token) => this.#succeeded(token), (error) => this.#failed(error))
      .finally(() => this.#pending = undefined);
    fetcher.waitUntil?.(settled);
    return this.#pending = { settled, fetch };
  }

  #succeeded({ value, expiresInS = DEFAULT_LIFETIME_S }: FetchedToken): void {
    const lifetimeMs = Math.min(expiresInS, MAX_LIFETIME_S) * 1_000;
    const usableMs = Math.max(MIN_LIFETIME_MS, lifetimeMs - EXPIRY_MARGIN_MS);
    const fetchedAt = performance.now();
    const { filter } = this.#context;
    this.#token = {
      authorization: `Bearer ${value}`,
      fetchedAt,
      renewAt: fetchedAt + RENEW_AFTER * usableMs,
      expiresAt: fetchedAt + usableMs,
      // The API may still answer requests with the token before.
      filter: new CredentialFilter([value, this.#value], filter),
    };
    this.#renewAt(this.#token.renewAt);
    this.#value = value;
    this.#failure = undefined;
    this.#failures = 0;
    this.#retryAt = -Infinity;
  }

  #failed(error: unknown): void {
    this.#failure = error instanceof TokenError
      ? error
      : new TokenError("network", "token endpoint not reached");
    const cooldownMs = Math.min(MAX_COOLDOWN_MS, COOLDOWN_MS * 2 ** this.#failures++);
    const { retryAfterMs = 0 } = this.#failure.details;
    const waitMs = Math.max(cooldownMs, Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
    this.#retryAt = performance.now() + waitMs;
    // A secret that is refused is not tried again and again: that could lock the access key.
    if (this.#isUsable(this.#token) || this.#failure.reason !== "refused") {
      this.#renewAt(this.#retryAt);
    }
  }

  #isUsable(token: Token | undefined): boolean {
    return token !== undefined && performance.now() < token.expiresAt;
  }
}

/** @param waitMs until a token is fetched again, in ms */
function unavailable(cause: TokenError | undefined, waitMs: number): GatewayError {
  const headers = { "retry-after": ownRetryAfter(waitMs) };
  const failure = gatewayFailure("upstream_credentials_unavailable", { headers });
  // A wrong key or secret is for the operator of the gateway to correct.
  return new GatewayError(
    cause?.reason === "refused" ? { ...failure, fault: "gateway" } : failure,
    { cause },
  );
}
