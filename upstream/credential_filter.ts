/** Replaces what was cut out. */
export const REMOVED = "[redacted]";

/** So many characters of a credential in a row count as a part of it; shorter ones are common words. */
const PART_LENGTH = 16;

/** A shorter credential is no secret, and every text would hold it. */
const MIN_LENGTH = 4;

/** Pairs of ASCII characters. */
const PAIRS = 1 << 14;

/**
 * Cuts the gateway's own credentials out of texts of the upstream (contract.md §4): whole ones, and
 * parts of at least {@linkcode PART_LENGTH} characters, as they are, percent-encoded or in Base64.
 * The cost grows with the length of the text and not with the number of credentials.
 */
export class CredentialFilter {
  /** What is looked for, by its length: short credentials, and every part of long ones. */
  readonly #parts = new Map<number, Set<string>>();
  /** 1 for each pair of characters that a part begins with: most places of a text begin none. */
  readonly #starts = new Uint8Array(PAIRS);

  /** @param credentials API tokens of all service plans */
  constructor(credentials: readonly string[]) {
    for (const credential of credentials) {
      for (const spelling of spellings(credential)) this.#add(spelling);
    }
  }

  /** The text without credentials. */
  clean(text: string): string {
    let clean = "";
    let keptUpTo = 0;
    for (let at = 0; at < text.length;) {
      const length = this.#lengthAt(text, at);
      if (length === 0) {
        at++;
        continue;
      }
      // Parts overlap and touch: one credential leaves one mark.
      if (at > keptUpTo || clean === "") clean += text.slice(keptUpTo, at) + REMOVED;
      keptUpTo = Math.max(keptUpTo, at + length);
      at++;
    }
    return clean + text.slice(keptUpTo);
  }

  /** Whether a text quotes a credential or a part of one. */
  matches(text: string): boolean {
    for (let at = 0; at < text.length; at++) if (this.#lengthAt(text, at) > 0) return true;
    return false;
  }

  #lengthAt(text: string, at: number): number {
    if (this.#starts[pairAt(text, at)] !== 1) return 0;
    for (const [length, parts] of this.#parts) {
      if (at + length <= text.length && parts.has(text.slice(at, at + length))) return length;
    }
    return 0;
  }

  #add(credential: string): void {
    if (credential.length < MIN_LENGTH) return;
    const length = Math.min(PART_LENGTH, credential.length);
    const parts = this.#parts.get(length) ?? new Set();
    for (let at = 0; at + length <= credential.length; at++) {
      parts.add(credential.slice(at, at + length));
      this.#starts[pairAt(credential, at)] = 1;
    }
    this.#parts.set(length, parts);
  }
}

/** The index of the pair of ASCII characters at this place; what is not ASCII has none. */
function pairAt(text: string, at: number): number {
  const first = text.charCodeAt(at);
  const second = text.charCodeAt(at + 1);
  return first < 128 && second < 128 ? (first << 7) | second : PAIRS;
}

/** How an upstream may quote a credential, which is visible ASCII. */
function spellings(credential: string): string[] {
  return [
    credential,
    encodeURIComponent(credential),
    ...[0, 1, 2].map((n) => base64(credential, n)),
  ];
}

/** The Base64 characters that stand for a text alone when it follows on `offset` other bytes. */
function base64(text: string, offset: number): string {
  const bytes = "\0".repeat(offset) + text;
  return btoa(bytes.slice(0, bytes.length - bytes.length % 3)).slice(offset === 0 ? 0 : 4);
}
