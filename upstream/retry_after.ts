const DAY = "(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs)?|Fri|Sat(?:ur)?|Sun)(?:day)?";
const MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)";
const TIME = "\\d\\d:\\d\\d:\\d\\d";

/** The three forms of an HTTP date (RFC 9110 §5.6.7); `Date.parse` alone accepts even "Zebra 1". */
const HTTP_DATE = new RegExp(
  `^${DAY}, (?:\\d\\d ${MONTH} \\d{4}|\\d\\d-${MONTH}-\\d\\d) ${TIME} GMT$` +
    `|^${DAY} ${MONTH} [ \\d]\\d ${TIME} \\d{4}$`,
);

/**
 * Parses a `Retry-After` (RFC 9110 §10.2.3: whole seconds or an HTTP date). Returns ms from now, 0
 * for a date in the past, or undefined if the value is invalid.
 *
 * @param now epoch ms
 */
export function retryAfterMs(value: string, now = Date.now()): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  if (!HTTP_DATE.test(value)) return undefined;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
