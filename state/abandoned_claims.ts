import {
  type Change,
  type Claim,
  type ClaimResult,
  StateError,
  type StateStore,
  type StoredRecord,
} from "./store.ts";

/** Options of {@linkcode withAbandonedClaims}. */
export interface AbandonedClaimsOptions {
  /** Tokens kept at once; the oldest is forgotten for a new one, and expires. Default: 10,000. */
  maxTokens?: number;
  /** Deadline for a claim that takes over a key, in ms; default: none. */
  timeoutMs?: number | undefined;
  /** Time between attempts to release, in ms; default: 250. */
  intervalMs?: number;
}

interface AbandonedClaim {
  readonly key: string;
  /** How often the store has said that there is no such record. */
  checks: number;
  /** Not tried before this time of `performance.now()`. */
  dueAt: number;
}

/**
 * A claim that timed out can still reach the store after its release found nothing: the kernel
 * repeats what a closed connection had sent for up to 100 s (Linux, tcp_orphan_retries). Hence the
 * release is repeated after these times, in ms.
 */
const RECHECK_AFTER_MS = [1_000, 10_000, 120_000];

/** A claim meets at most one abandoned record, or a second one that arrived late. */
const MAX_TAKEOVERS = 2;

/**
 * A store that does not keep claims of which nothing was sent. A claim that failed but may be
 * stored, and a release that failed, leave a token that nobody uses: it is released in the
 * background once the store answers, and a later claim that meets its record takes the key over.
 */
export function withAbandonedClaims(
  store: StateStore,
  options: AbandonedClaimsOptions = {},
): StateStore {
  return new AbandonedClaims(store, options);
}

class AbandonedClaims implements StateStore {
  readonly kind: StateStore["kind"];
  readonly #store: StateStore;
  readonly #maxTokens: number;
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  /** By token, oldest first. */
  readonly #abandoned = new Map<string, AbandonedClaim>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #releasing: Promise<void> | undefined;
  #closed = false;

  constructor(
    store: StateStore,
    { maxTokens = 10_000, timeoutMs = Infinity, intervalMs = 250 }: AbandonedClaimsOptions,
  ) {
    this.#timeoutMs = timeoutMs;
    this.kind = store.kind;
    this.#store = store;
    this.#maxTokens = maxTokens;
    this.#intervalMs = intervalMs;
  }

  async claim(key: string, claim: Claim): Promise<ClaimResult> {
    if (this.#abandoned.has(claim.token)) throw new TypeError("a claim needs a token of its own");
    const startedAt = performance.now();
    try {
      let result = await this.#store.claim(key, claim);
      for (let takeovers = 0; takeovers < MAX_TAKEOVERS; takeovers++) {
        if (result.claimed || !this.#abandoned.has(result.record.token)) break;
        // Each operation has the whole deadline; together they may not exceed it by more than one.
        if (performance.now() - startedAt >= this.#timeoutMs) throw new StateError("timeout");
        if (await this.#store.release(key, result.record.token)) {
          this.#abandoned.delete(result.record.token);
        }
        result = await this.#store.claim(key, claim);
      }
      return result;
    } catch (error) {
      if (error instanceof StateError && error.maybeDone) this.#abandon(key, claim.token);
      throw error;
    }
  }

  /** An abandoned record counts as none, as it does for a claim. */
  async read(key: string): Promise<StoredRecord | undefined> {
    const record = await this.#store.read(key);
    return record && this.#abandoned.has(record.token) ? undefined : record;
  }

  update(key: string, change: Change): Promise<boolean> {
    return this.#store.update(key, change);
  }

  async release(key: string, token: string): Promise<boolean> {
    try {
      return await this.#store.release(key, token);
    } catch (error) {
      this.#abandon(key, token);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#releasing;
    await this.#store.close();
  }

  #abandon(key: string, token: string): void {
    this.#abandoned.delete(token);
    const [oldest] = this.#abandoned.size >= this.#maxTokens ? this.#abandoned.keys() : [];
    if (oldest !== undefined) this.#abandoned.delete(oldest);
    this.#abandoned.set(token, { key, checks: 0, dueAt: 0 });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed || this.#timer !== undefined || this.#abandoned.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#releasing = this.#releaseDue().finally(() => {
        this.#timer = undefined;
        this.#schedule();
      });
    }, this.#intervalMs);
  }

  /** One at a time, until the store fails again. */
  async #releaseDue(): Promise<void> {
    const now = performance.now();
    for (const [token, claim] of this.#abandoned) {
      if (this.#closed) return;
      if (claim.dueAt > now) continue;
      try {
        if (await this.#store.release(claim.key, token)) this.#abandoned.delete(token);
        else this.#recheckLater(token, claim);
      } catch {
        return; // The store reports its failures itself.
      }
    }
  }

  #recheckLater(token: string, claim: AbandonedClaim): void {
    const afterMs = RECHECK_AFTER_MS[claim.checks];
    if (afterMs === undefined) return void this.#abandoned.delete(token);
    claim.checks++;
    claim.dueAt = performance.now() + afterMs;
  }
}
