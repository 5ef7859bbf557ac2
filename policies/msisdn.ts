/**
 * Reads phone numbers as the API does: with `+`, `00` or neither, with spaces, dashes and brackets.
 * The API always returns the digits only.
 */

/** E.164 allows 15 digits; fewer than 7 means that the country or area code is missing. */
const MSISDN = /^[1-9]\d{6,14}$/;

const IGNORED = /[\s\-()[\]{}]/g;

/** Short codes have 3 to 8 digits; anything longer must be an MSISDN. */
const SHORT_CODE = /^\d{3,8}$/;

/** An alphanumeric sender has at most 11 characters (GSM), at least one of them a letter. */
const ALPHANUMERIC = /^(?=.*[A-Za-z])[\x20-\x7e]{1,11}$/;

/** The format by which the sandbox tells a group identifier from an invalid number. */
const GROUP_ID = /^(?=.*[A-Za-z])[A-Za-z0-9_]{8,64}$/;

/** The digits of a phone number in international format; undefined if it is not valid. */
export function toMsisdn(input: string): string | undefined {
  const usual = input.startsWith("+") ? input.slice(1) : input;
  if (MSISDN.test(usual)) return usual;
  const digits = input.replace(IGNORED, "").replace(/^(?:\+|00)/, "");
  return MSISDN.test(digits) ? digits : undefined;
}

/** The digits of a phone number or short code; undefined if it is neither. */
export function toNumber(input: string): string | undefined {
  const digits = input.replace(IGNORED, "");
  return SHORT_CODE.test(digits) ? digits : toMsisdn(input);
}

/** A sender in canonical form: phone number, short code or name; undefined if it is not valid. */
export function toSender(input: string): string | undefined {
  return ALPHANUMERIC.test(input) ? input : toNumber(input);
}

/** Whether `input` has the format of a group identifier. */
export function looksLikeGroupId(input: string): boolean {
  return GROUP_ID.test(input);
}
