/** Schemas shared by the operations; plain enough to become JSON Schema. */

import * as v from "valibot";
import { TIMESTAMP } from "../timestamps.ts";

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

/** Highest page that can be asked for: a signed 32-bit number. */
const MAX_PAGE = 2_147_483_647;

/** A phone number as text; `msisdn.ts` checks and canonicalises it. */
export const Msisdn = v.pipe(v.string(), maxCharacters(64), v.description("Phone number (MSISDN)"));

/** An ISO 8601 moment; `timestamps.ts` checks that it exists. */
export const Timestamp = v.pipe(v.string(), v.regex(TIMESTAMP, "expected an ISO-8601 timestamp"));

/** A moment as the API writes it. */
export const UtcTimestamp = v.pipe(v.string(), v.isoTimestamp());

/** A URL that can be called back; the reference allows 2048 characters. */
export const CallbackUrl = v.pipe(
  v.string(),
  maxCharacters(2048),
  v.url("expected a URL"),
  v.regex(/^[Hh][Tt][Tt][Pp][Ss]?:\/\//, "expected an http or https URL"),
);

export const ClientReference = v.pipe(v.string(), maxCharacters(2048));

/** Which delivery report callback is wanted. */
export const DELIVERY_REPORT_TYPES = [
  "none",
  "summary",
  "full",
  "per_recipient",
  "per_recipient_final",
] as const;

/** The page wanted, from 0. */
export const Page = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(MAX_PAGE)),
  0,
);

/** Entries per page. */
export const PageSize = v.optional(
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)),
  30,
);

/** What every list answers besides its entries. */
export const pageEntries = {
  count: v.pipe(v.number(), v.description("Entries that match the filters")),
  page: v.number(),
  page_size: v.pipe(v.number(), v.description("Entries in this response")),
} as const;

/** The body of every refusal but a 404, which has none. */
export const ErrorResponse = v.object({ code: v.string(), text: v.string() });
