import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Principal } from "../exchange.ts";
import type { VerifiedToken } from "./token_verifier.ts";

/**
 * Memory for tokens by hash, in bytes. Verifying a signature costs more than the rest of a request,
 * and services reuse a token for minutes.
 */
const BY_HASH_BYTES = 28 * 1024 * 1024;

/** Memory for recently used tokens, in bytes: about 700 tokens of 1 KB. */
const RECENT_BYTES = 2 * 1024 * 1024;

/** Memory for the lists of service plans that tokens share, in bytes. */
const PLAN_LISTS_BYTES = 2 * 1024 * 1024;

/** Maximum memory of the cache, in bytes. */
export const MAX_TOKEN_CACHE_BYTES = BY_HASH_BYTES + RECENT_BYTES + PLAN_LISTS_BYTES;

/** Maximum number of tokens; small ones reach it before the limit in bytes. */
export const MAX_TOKENS = 20_000;

/** Size of an entry without its strings, in bytes; 260 were measured. */
const ENTRY_BYTES = 512;

/** Size of a string without its characters, in bytes: header, reference, V8's string table. */
const STRING_BYTES = 48;

/**
 * Caches verified tokens in at most {@linkcode MAX_TOKEN_CACHE_BYTES}; the least recently used ones
 * are evicted. The key is the token's SHA-256, as tokens are long. Hashing takes 2 to 5 µs, so
 * recently used tokens are also cached by the token itself.
 */
export class VerifiedTokenCache {
  readonly #recent = new LRUCache<string, VerifiedToken>({
    max: RECENT_BYTES / ENTRY_BYTES,
    maxSize: RECENT_BYTES,
    sizeCalculation: ({ principal }, token) =>
      ENTRY_BYTES + textBytes(token) + principalBytes(principal),
  });
  readonly #byHash = new LRUCache<string, VerifiedToken>({
    max: MAX_TOKENS,
    maxSize: BY_HASH_BYTES,
    sizeCalculation: ({ principal }) => ENTRY_BYTES + principalBytes(principal),
  });
  readonly #planLists = new LRUCache<string, readonly string[]>({
    maxSize: PLAN_LISTS_BYTES,
    sizeCalculation: (plans, key) => ENTRY_BYTES + textBytes(key) + listBytes(plans),
  });

  /** Returns a token as it was verified; it may have expired, or the keys may have changed. */
  get(token: string): VerifiedToken | undefined {
    return this.#recent.get(token) ?? this.#find(token);
  }

  /** The size of an entry includes its list of plans, even if other entries share it. */
  set(token: string, verified: VerifiedToken): void {
    const servicePlans = this.#shared(verified.principal.servicePlans);
    this.#recent.delete(token); // it may have the token with other keys
    this.#byHash.set(hashOf(token), {
      ...verified,
      principal: { ...verified.principal, servicePlans },
    });
  }

  #find(token: string): VerifiedToken | undefined {
    const known = this.#byHash.get(hashOf(token));
    if (known) this.#recent.set(token, known);
    return known;
  }

  /** Returns the equal list of an earlier token, if any: many tokens name the same plans. */
  #shared(plans: readonly string[]): readonly string[] {
    const key = JSON.stringify(plans);
    const known = this.#planLists.get(key);
    if (!known) this.#planLists.set(key, plans);
    return known ?? plans;
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

function principalBytes({ subject = "", servicePlans }: Principal): number {
  return textBytes(subject) + listBytes(servicePlans);
}

function listBytes(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + textBytes(text), 0);
}

/** Two bytes per character: V8 stores a string so if one of its characters is not Latin-1. */
function textBytes(text: string): number {
  return STRING_BYTES + 2 * text.length;
}
