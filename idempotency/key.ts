/** Longest key, in characters (contract.md §5). */
export const MAX_KEY_LENGTH = 255;

/** A structured-field string without parameters (RFC 9651 §3.3.3). */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

/**
 * A comma before a space is where the runtime joins two header lines (RFC 9110 §5.3): the key that
 * both have would be another one than that of the request with one line.
 */
const BARE = /^(?!.*, )[\x20\x21\x23-\x7e][\x20-\x7e]*$/;

/**
 * Reads the value of an `Idempotency-Key` header: 1 to 255 printable ASCII characters, as a
 * structured-field string (`"…"`) or bare. Both forms name the same key. Returns undefined for any
 * other value. Structured fields need no parser here: a string without parameters is one pattern.
 */
export function parseKey(value: string): string | undefined {
  const quoted = QUOTED.exec(value)?.[1]?.replace(/\\(["\\])/g, "$1");
  const key = quoted ?? (BARE.test(value) ? value : undefined);
  return key && key.length <= MAX_KEY_LENGTH ? key : undefined;
}
