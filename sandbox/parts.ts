/**
 * How many SMS a text becomes (3GPP TS 23.038 and 23.040).
 *
 * The packages for this were tried: `sms-segments-calculator` takes 2 ms for 300 characters
 * and keeps grapheme clusters together, which gives other counts than the API documents;
 * `split-sms` has had no release for years. The rules below are all there is to it.
 */

/** As the dry run calls the two: GSM 7-bit and UCS-2. */
export type Encoding = "text" | "unicode";

/** What one SMS holds alone, and what each holds when they are joined by a 6-byte header. */
const CAPACITY = {
  text: { alone: 160, joined: 153 }, // septets
  unicode: { alone: 70, joined: 67 }, // 16-bit units
} as const satisfies Record<Encoding, { alone: number; joined: number }>;

const GSM_BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/** These are an escape and a second septet. */
const GSM_EXTENSION = "\f^{}\\[~]|€";

const SEPTETS: ReadonlyMap<string, number> = new Map([
  ...[...GSM_BASIC].map((character) => [character, 1] as const),
  ...[...GSM_EXTENSION].map((character) => [character, 2] as const),
]);

/** The encoding `text` needs, and the number of SMS it is sent as (an empty one is one). */
export function measure(text: string): { encoding: Encoding; parts: number } {
  const encoding = encodingOf(text);
  const { alone, joined } = CAPACITY[encoding];
  let total = 0;
  let parts = 1;
  let used = 0;
  for (const character of text) {
    const size = sizeOf(character, encoding);
    total += size;
    if (used + size > joined) {
      parts += 1; // a character of two units goes whole into the next part
      used = 0;
    }
    used += size;
  }
  return { encoding, parts: total <= alone ? 1 : parts };
}

/** The beginning of `text` that fits into a single SMS. */
export function truncate(text: string): string {
  const encoding = encodingOf(text);
  let used = 0;
  let end = 0;
  for (const character of text) {
    used += sizeOf(character, encoding);
    if (used > CAPACITY[encoding].alone) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function encodingOf(text: string): Encoding {
  for (const character of text) if (!SEPTETS.has(character)) return "unicode";
  return "text";
}

function sizeOf(character: string, encoding: Encoding): number {
  return encoding === "text" ? SEPTETS.get(character) ?? 1 : character.length;
}
