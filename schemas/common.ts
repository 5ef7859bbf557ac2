/** Schemas that several operations share; each converts to JSON Schema. */

import * as v from "valibot";

/**
 * At most `max` characters, each a code point as JSON Schema counts them: `v.maxLength` counts
 * most emoji twice.
 */
export function maxCharacters(max: number): v.MaxLengthAction<string, number, undefined> {
  const action = v.maxLength<string, number>(max);
  return {
    ...action,
    "~run": (dataset, config) =>
      dataset.typed && [...dataset.value].length <= max ? dataset : action["~run"](dataset, config),
  };
}

/** The API reads the page as a signed 32-bit number. */
const MAX_PAGE = 2_147_483_647;

/** A phone number as text; the API checks its digits and returns it in canonical form. */
export const Msisdn = v.pipe(v.string(), maxCharacters(64), v.description("Phone number (MSISDN)"));

/** The ISO 8601 formats that the API reads: time, seconds and offset are optional. */
export const TIMESTAMP =
  /^(\d{4})-(\d{2})-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/;

/** An ISO 8601 timestamp by its format; the API also checks that the date exists. */
export const Timestamp = v.pipe(v.string(), v.regex(TIMESTAMP, "expected an ISO-8601 timestamp"));

/** A timestamp as the API writes it. */
export const UtcTimestamp = v.pipe(v.string(), v.isoTimestamp());

/** An http or https URL for callbacks; the API reference allows 2048 characters. */
export const CallbackUrl = v.pipe(
  v.string(),
  maxCharacters(2048),
  v.url("expected a URL"),
  v.regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\//, "expected an http or https URL"),
);

/** A reference of the caller's own. */
export const ClientReference = v.pipe(v.string(), maxCharacters(2048));

/** Kinds of delivery report callback. */
export const DELIVERY_REPORT_TYPES = [
  "none",
  "summary",
  "full",
  "per_recipient",
  "per_recipient_final",
] as const;

/** The number of the page, from 0. */
export const Page = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_PAGE)),
  0,
);

/** Entries per page. */
export const PageSize = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
  30,
);

/** Members of every list response besides its entries. */
export const pageEntries = {
  count: v.pipe(v.number(), v.description("Entries that match the filters")),
  page: v.number(),
  page_size: v.pipe(v.number(), v.description("Entries in this response")),
} as const;

/** The body of every error response except 404, which has no body. */
export const ErrorResponse = v.object({ code: v.string(), text: v.string() });
