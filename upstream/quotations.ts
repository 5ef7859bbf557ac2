/** Stands in for what was removed. */
export const REMOVED = "[redacted]";

/** Shorter values would be found within ordinary words. */
const MIN_PRIVATE_LENGTH = 4;

/** So many characters of a private text in a row are taken for a quotation of a part of it. */
const RUN = 16;

/** What is looked for first, in characters; where that is not found, a run around it is neither. */
const PART = 8;

/** Every run holds a part that begins at a multiple of this, wherever the run begins. */
const STRIDE = RUN - PART + 1;

/**
 * Secrets that are looked for in many texts. Prepared once, a text costs what its own length does,
 * however many there are.
 */
export class KnownSecrets {
  /** Characters in all of them. */
  readonly length: number;
  readonly #short: readonly string[];
  readonly #runs = new Set<string>();

  constructor(secrets: readonly string[]) {
    this.length = lengthOf(secrets);
    const spelled = [...new Set(secrets.flatMap(spellings))];
    this.#short = spelled.filter((secret) => secret.length < RUN);
    for (const secret of spelled) {
      for (let at = 0; at + RUN <= secret.length; at++) this.#runs.add(secret.slice(at, at + RUN));
    }
  }

  /** Marks what a text quotes of them. */
  mark(text: string, quoted: Uint8Array): void {
    for (const secret of this.#short) markAll(text, secret, quoted);
    for (let at = 0; at + RUN <= text.length; at++) {
      if (this.#runs.has(text.slice(at, at + RUN))) quoted.fill(1, at, at + RUN);
    }
  }
}

/** Characters in all texts together. */
export function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/**
 * A text without what it quotes of the secrets: a short one as a whole, a long one also in part,
 * in whatever spelling.
 */
export function withoutQuotations(
  text: string,
  secrets: readonly string[],
  known?: KnownSecrets,
): string {
  const quoted = new Uint8Array(text.length); // 1 where a character is part of a quotation
  known?.mark(text, quoted);
  const runs = new TextRuns(text);
  for (const secret of new Set(secrets.flatMap(spellings))) {
    if (secret.length < RUN) markAll(text, secret, quoted);
    else runs.mark(secret, quoted);
  }
  let safe = "";
  for (let at = 0; at < text.length;) {
    const from = at;
    while (at < text.length && quoted[at] === quoted[from]) at++;
    safe += quoted[from] ? REMOVED : text.slice(from, at);
  }
  return safe;
}

/** How an upstream may write what it was sent. */
function spellings(secret: string): string[] {
  const wellFormed = secret.toWellFormed();
  const json = JSON.stringify(wellFormed).slice(1, -1);
  const url = encodeURIComponent(wellFormed);
  return [
    secret,
    // deno-lint-ignore no-control-regex -- as they are removed from what is passed on
    secret.replace(/[\x00-\x1f\x7f]+/g, " ").trim(),
    json,
    json.replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    JSON.stringify(json).slice(1, -1),
    url,
    url.replaceAll("%20", "+"),
    secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;").replaceAll("'", "&#39;"),
  ];
}

/** The runs of a text, found in secrets without looking at each place of them. */
class TextRuns {
  readonly #parts = new Set<string>();
  /** Run → where it stands, for those that are not marked yet; made when a part is found. */
  #places: Map<string, number[]> | undefined;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    for (let at = 0; at + PART <= text.length; at++) this.#parts.add(text.slice(at, at + PART));
  }

  /** Marks what the text quotes of a secret. */
  mark(secret: string, quoted: Uint8Array): void {
    for (let at = 0; at + PART <= secret.length; at += STRIDE) {
      if (!this.#parts.has(secret.slice(at, at + PART))) continue;
      for (let from = Math.max(0, at - STRIDE + 1); from <= at; from++) {
        this.#markRun(secret.slice(from, from + RUN), quoted);
      }
    }
  }

  #markRun(run: string, quoted: Uint8Array): void {
    this.#places ??= placesOf(this.#text);
    for (const place of this.#places.get(run) ?? []) quoted.fill(1, place, place + RUN);
    this.#places.delete(run); // marked once, wherever it stands
  }
}

function placesOf(text: string): Map<string, number[]> {
  const runs = new Map<string, number[]>();
  for (let at = 0; at + RUN <= text.length; at++) {
    const run = text.slice(at, at + RUN);
    const places = runs.get(run);
    if (places) places.push(at);
    else runs.set(run, [at]);
  }
  return runs;
}

function markAll(text: string, secret: string, quoted: Uint8Array): void {
  if (secret.length < MIN_PRIVATE_LENGTH) return;
  for (let at = text.indexOf(secret); at !== -1; at = text.indexOf(secret, at + 1)) {
    quoted.fill(1, at, at + secret.length);
  }
}
