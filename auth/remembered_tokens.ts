import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { Principal } from "../exchange.ts";

/** A verified token, without the token. */
export interface Remembered {
  readonly principal: Principal;
  /** When it stops being valid, leeway included, epoch ms. */
  readonly expiresAt: number;
}

/**
 * Memory for verified tokens, in bytes. Checking a signature costs more than all the rest of a
 * request, and services reuse a token for minutes.
 */
const VERIFIED_BYTES = 28 * 1024 * 1024;

/** Memory for the tokens of the last requests, in bytes: about 700 tokens of 1 KB. */
const RECENT_BYTES = 2 * 1024 * 1024;

/** Memory for the plan lists that new tokens are compared with, in bytes. */
const SHARED_BYTES = 2 * 1024 * 1024;

/** The most that remembered tokens take, in bytes. */
export const MAX_REMEMBERED_BYTES = VERIFIED_BYTES + RECENT_BYTES + SHARED_BYTES;

/** Most tokens that are remembered; small ones reach this limit before the one in bytes. */
const MAX_REMEMBERED = 20_000;

/** An entry without its strings: key, objects, places in the tables. 260 were measured. */
const ENTRY_BYTES = 512;

/** A string without its characters: its header, the reference to it, V8's table of short strings. */
const STRING_BYTES = 48;

/**
 * Verified tokens, in at most {@linkcode MAX_REMEMBERED_BYTES}: the least recently used ones are
 * forgotten. They are found by their SHA-256, as tokens are long; that takes 2 to 5 µs, so those of
 * the last requests are found by themselves as well.
 */
export class RememberedTokens {
  readonly #recent = new LRUCache<string, Remembered>({
    max: RECENT_BYTES / ENTRY_BYTES,
    maxSize: RECENT_BYTES,
    sizeCalculation: ({ principal }, token) =>
      ENTRY_BYTES + textBytes(token) + principalBytes(principal),
  });
  readonly #byHash = new LRUCache<string, Remembered>({
    max: MAX_REMEMBERED,
    maxSize: VERIFIED_BYTES,
    sizeCalculation: ({ principal }) => ENTRY_BYTES + principalBytes(principal),
  });
  readonly #planLists = new LRUCache<string, readonly string[]>({
    maxSize: SHARED_BYTES,
    sizeCalculation: (plans, key) => ENTRY_BYTES + textBytes(key) + listBytes(plans),
  });

  get(token: string): Remembered | undefined {
    return this.#recent.get(token) ?? this.#find(token);
  }

  /** Each entry is counted as if its plan list were its own, so that sharing only ever saves. */
  set(token: string, { principal, expiresAt }: Remembered): void {
    const servicePlans = this.#shared(principal.servicePlans);
    this.#byHash.set(hashOf(token), { principal: { ...principal, servicePlans }, expiresAt });
  }

  clear(): void {
    this.#recent.clear();
    this.#byHash.clear();
    this.#planLists.clear();
  }

  #find(token: string): Remembered | undefined {
    const known = this.#byHash.get(hashOf(token));
    if (known) this.#recent.set(token, known);
    return known;
  }

  /** The same list, as an earlier token had it: many tokens name the same plans. */
  #shared(plans: readonly string[]): readonly string[] {
    const key = JSON.stringify(plans); // of other lists it is another text
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

/** At two bytes a character: one that is not of Latin-1 makes all of a string's as wide. */
function textBytes(text: string): number {
  return STRING_BYTES + 2 * text.length;
}
