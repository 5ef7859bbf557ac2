/**
 * Phone numbers as the API takes them: with `+`, `00` or neither, with spaces, dashes and
 * brackets; it always returns the bare digits.
 */

/** E.164 allows 15 digits; fewer than 7 means that the country or area code is missing. */
const MSISDN = /^[1-9]\d{6,14}$/;

const IGNORED = /[\s\-()[\]{}]/g;

/** Short codes have 3 to 8 digits; anything longer must be an MSISDN. */
const SHORT_CODE = /^\d{3,8}$/;

/** GSM allows 11 characters in an alphanumeric sender; one letter tells it from a number. */
const ALPHANUMERIC = /^(?=.*[A-Za-z])[\x20-\x7e]{1,11}$/;

/** What looks like an identifier rather than a mistyped number; see the README. */
const GROUP_ID = /^(?=.*[A-Za-z])[A-Za-z0-9_]{8,64}$/;

/** The digits of a phone number in international format, or undefined if it is none. */
export function toMsisdn(input: string): string | undefined {
  if (MSISDN.test(input)) return input;
  const digits = input.replace(IGNORED, "").replace(/^(?:\+|00)/, "");
  return MSISDN.test(digits) ? digits : undefined;
}

/** A phone number or short code as digits, or undefined. */
export function toNumber(input: string): string | undefined {
  const digits = input.replace(IGNORED, "");
  return SHORT_CODE.test(digits) ? digits : toMsisdn(input);
}

/** A sender: phone number, short code or up to 11 characters with a letter; or undefined. */
export function toSender(input: string): string | undefined {
  return ALPHANUMERIC.test(input) ? input : toNumber(input);
}

/** Whether `input` has the shape of a group identifier. */
export function looksLikeGroupId(input: string): boolean {
  return GROUP_ID.test(input);
}
