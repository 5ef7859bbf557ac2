/** Replaces a removed credential. */
export const REMOVED = "[redacted]";

/**
 * Parts of a credential of this many characters are removed, too; shorter ones may be common words.
 */
const PART_LENGTH = 16;

/**
 * Of a credential longer than this, only the parts that start at every {@linkcode STEP}th character
 * are kept, since a fetched token can have thousands of characters: what is removed is then any
 * part of at least `PART_LENGTH + STEP - 1` characters, but for up to `STEP - 1` at its ends.
 */
const LONG = 256;
const STEP = 8;

/** Shorter credentials are ignored: they are not secret, and occur in many texts. */
const MIN_LENGTH = 4;

/** Number of pairs of ASCII characters. */
const PAIR_COUNT = 1 << 14;

/**
 * Removes the gateway's own credentials from texts of the upstream (contract.md §4): complete
 * credentials and parts of at least {@linkcode PART_LENGTH} characters; plain, percent-encoded and
 * in Base64. The cost depends on the length of the text, not on the number of credentials.
 */
export class CredentialFilter {
  /** Length → strings to remove of that length: short credentials, and every part of long ones. */
  readonly #parts = new Map<number, Set<string>>();
  /**
   * 1 for each pair of characters that a part starts with; rules out most positions at low cost.
   */
  readonly #startPairs = new Uint8Array(PAIR_COUNT);

  readonly #base: (() => CredentialFilter) | undefined;

  /**
   * @param credentials API tokens and key secrets, or a fetched token
   * @param base a filter that is applied as well
   */
  constructor(credentials: readonly string[], base?: () => CredentialFilter) {
    this.#base = base;
    for (const credential of credentials) {
      for (const encoded of encodings(credential)) this.#add(encoded);
    }
  }

  /** Returns the text with each credential replaced by {@linkcode REMOVED}. */
  clean(text: string): string {
    return this.#cleanOwn(this.#base?.().clean(text) ?? text);
  }

  #cleanOwn(text: string): string {
    let clean = "";
    let keptUpTo = 0;
    for (let at = 0; at < text.length;) {
      const length = this.#lengthAt(text, at);
      if (length === 0) {
        at++;
        continue;
      }
      // Parts of one credential overlap or adjoin: they are replaced once.
      if (at > keptUpTo || clean === "") clean += text.slice(keptUpTo, at) + REMOVED;
      keptUpTo = Math.max(keptUpTo, at + length);
      at++;
    }
    return clean + text.slice(keptUpTo);
  }

  /** Whether a text contains a credential or a part of one. */
  matches(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (this.#lengthAt(text, at) > 0) return true;
    return this.#base?.().matches(text) ?? false;
  }

  /** Length of the credential, or part of one, at this index; 0 where there is none. */
  #lengthAt(text: string, at: number): number {
    if (this.#startPairs[pairAt(text, at)] !== 1) return 0;
    for (const [length, parts] of this.#parts) {
      if (at + length <= text.length && parts.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }

  #add(credential: string): void {
    if (credential.length < MIN_LENGTH) return;
    const length = Math.min(PART_LENGTH, credential.length);
    const parts = this.#parts.get(length) ?? new Set();
    const step = credential.length > LONG ? STEP : 1;
    for (let at = 0; at + length <= credential.length; at += step) {
      parts.add(credential.slice(at, at + length));
      this.#startPairs[pairAt(credential, at)] = 1;
    }
    this.#parts.set(length, parts);
  }
}

/** Index of the pair of characters at this position; out of range unless both are ASCII. */
function pairAt(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  return first < 128 && second < 128 ? (first << 7) | second : PAIR_COUNT;
}

/** The forms in which an upstream may quote a credential, which is visible ASCII. */
function encodings(credential: string): string[] {
  return [
    credential,
    encodeURIComponent(credential),
    ...[0, 1, 2].map((n) => base64(credential, n)),
  ];
}

/** The Base64 characters that encode only this text when it follows `offset` other bytes. */
function base64(text: string, offset: number): string {
  const bytes = "\0".repeat(offset) + text;
  return btoa(bytes.slice(0, bytes.length - bytes.length % 3)).slice(offset === 0 ? 0 : 4);
}
