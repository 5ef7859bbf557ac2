import { digitsOf } from "./private_parts.ts";
import { type KnownSecrets, lengthOf, REMOVED, withoutQuotations } from "./quotations.ts";

/** A JSON Web Token, or what looks like one. */
const TOKEN = /eyJ[\w-]{4,}\.[\w-]+(\.[\w-]*)?/g;

/**
 * A phone number (E.164): after a `+`, perhaps grouped; a bare one has ten digits or more, or
 * every date, amount and limit would be one.
 */
const PHONE_NUMBER = /(?<![\w.-])(?:\+\d[\d ().-]{5,20}\d|\d{10,15})(?![\w-])/g;

/** Digits that may be a number of the request, however they are grouped. */
const LOOSE_NUMBER = /\d(?:(?:%[\dA-F]{2}|[^\p{L}\p{N}]){0,3}\d){6,}/giu;

/** What may be a text in Base64; shorter ones would be found within ordinary words. */
const BASE64 = /[A-Za-z0-9+/_-]{16,}={0,2}/g;

/** With more private text than this, in characters, what an upstream says is not passed on. */
const MAX_PRIVATE_LENGTH = 128 * 1024;

/** The last digits of a number tell it from others, whatever stands in for its country. */
const TELLING_DIGITS = 7;

/**
 * A text of the upstream without what no response may hold (contract.md §4): tokens, phone
 * numbers (the last three digits stay, so that a caller finds the recipient), and what of the
 * request the upstream quotes, whole or in part, in whatever spelling. Empty where there is
 * too much of it to look for.
 *
 * @param secrets values to remove wherever they stand, such as the message
 * @param numbers phone numbers to remove, however their digits are grouped
 * @param known further secrets, the same for every text, such as the gateway's credentials
 */
export function redact(
  text: string,
  secrets: readonly string[],
  numbers: readonly string[] = [],
  known?: KnownSecrets,
): string {
  if (lengthOf(secrets) + (known?.length ?? 0) > MAX_PRIVATE_LENGTH) return "";
  const readable = withoutQuotations(text, secrets, known).replace(TOKEN, REMOVED)
    .replace(BASE64, (run) => isEncodedText(run) ? REMOVED : run);
  return withoutNumbers(readable, numbers).replace(PHONE_NUMBER, ending);
}

/** Random identifiers decode to random bytes; whatever decodes to text was a text. */
function isEncodedText(run: string): boolean {
  try {
    const standard = run.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
    const whole = standard.length % 4 === 1 ? standard.slice(0, -1) : standard;
    const bytes = Uint8Array.from(atob(whole), (character) => character.charCodeAt(0));
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    // deno-lint-ignore no-control-regex -- a text has none of them
    return !/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(text);
  } catch {
    return false;
  }
}

/** Removes the request's own numbers, however their digits are grouped or what they stand in. */
function withoutNumbers(text: string, numbers: readonly string[]): string {
  if (numbers.length === 0) return text;
  const telling = new Set(numbers.map((number) => digitsOf(number).slice(-TELLING_DIGITS)));
  return text.replace(LOOSE_NUMBER, (found) => {
    const digits = digitsOf(found.replace(/%[\dA-F]{2}/gi, ""));
    for (let at = 0; at + TELLING_DIGITS <= digits.length; at++) {
      if (telling.has(digits.slice(at, at + TELLING_DIGITS))) {
        return ending(digits.slice(0, at + TELLING_DIGITS));
      }
    }
    return found;
  });
}

const ending = (number: string) => `[number ending in ${digitsOf(number).slice(-3)}]`;
