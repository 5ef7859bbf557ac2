import { MAX_IDENTIFIER_LENGTH } from "../operations.ts";
import { toMsisdn } from "./msisdn.ts";

/** The recipients that a message names. */
export interface Recipients {
  /** Phone numbers as digits, each once. */
  readonly numbers: ReadonlySet<string>;
  /** What can be the id of a group. */
  readonly groups: ReadonlySet<string>;
  /**
   * Entries that are neither, but have digits: the SMS API could read a number where the gateway
   * does not. The API refuses the remaining ones, which are not counted.
   */
  readonly unreadable: number;
}

/** An identifier; without a letter it would be a number to some readers. */
const GROUP_ID = new RegExp(`^(?=.*[A-Za-z])[A-Za-z0-9_-]{1,${MAX_IDENTIFIER_LENGTH}}$`);

/**
 * Entries that are read; the SMS API allows 1,000. Further ones count as unreadable, so that a body
 * of a million short entries does not occupy the process.
 */
const MAX_ENTRIES_READ = 10_000;

/** A digit of any script. */
const DIGIT = /\p{N}/u;

/**
 * Reads recipients in every way in which the SMS API could: a number instead of a text, and one
 * entry instead of a list, count like the usual form.
 *
 * @param members the values of the members that name recipients
 */
export function readRecipients(...members: readonly unknown[]): Recipients {
  const numbers = new Set<string>();
  const groups = new Set<string>();
  let unreadable = 0;
  for (const member of members) {
    const entries = Array.isArray(member) ? member : [member];
    unreadable += Math.max(0, entries.length - MAX_ENTRIES_READ);
    for (const entry of entries.slice(0, MAX_ENTRIES_READ)) {
      const text = typeof entry === "number" ? String(entry) : entry;
      if (typeof text !== "string") {
        if (typeof text === "object" && text !== null) unreadable++;
        continue;
      }
      const number = toMsisdn(text);
      if (number !== undefined) numbers.add(number);
      else if (GROUP_ID.test(text)) groups.add(text);
      else if (DIGIT.test(text)) unreadable++;
    }
  }
  return { numbers, groups, unreadable };
}
