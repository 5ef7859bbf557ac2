/** Pages, date ranges and comma-separated filters of the list operations. */

import { Refusal } from "./errors.ts";
import { parseTimestamp } from "./timestamps.ts";

/** The default of `start_date` is a day ago, as the API reference says. */
const DEFAULT_SPAN_MS = 24 * 60 * 60 * 1000;

/** The page that a list request asks for. */
export interface PageQuery {
  page: number;
  page_size: number;
}

/** One page of `all`, with the members that every list response has. */
export function pageOf<T>(all: readonly T[], query: PageQuery) {
  const first = query.page * query.page_size;
  const entries = all.slice(first, first + query.page_size);
  return { entries, count: all.length, page: query.page, page_size: entries.length };
}

/** A predicate: whether a time is at or after `start_date` and before `end_date`. */
export function dateFilter(
  query: { start_date?: string | undefined; end_date?: string | undefined },
  nowMs: number,
): (ms: number) => boolean {
  const startMs = readTimestamp("start_date", query.start_date) ?? nowMs - DEFAULT_SPAN_MS;
  const endMs = readTimestamp("end_date", query.end_date) ?? Infinity;
  return (ms) => startMs <= ms && ms < endMs;
}

/** A predicate: whether a value is in a comma-separated list; always true without a list. */
export function listFilter(
  list: string | undefined,
  canonical: (item: string) => string = (item) => item,
): (value: string) => boolean {
  if (list === undefined || list === "") return () => true;
  const wanted = new Set(list.split(",").map((item) => canonical(item.trim())));
  return (value) => wanted.has(value);
}

/** The timestamp of the member `name`, in ms since the epoch. Throws a 400 if it does not exist. */
export function readTimestamp(name: string, text: string | null | undefined): number | undefined {
  if (text === undefined || text === null) return undefined;
  const ms = parseTimestamp(text);
  if (ms !== undefined) return ms;
  throw new Refusal(
    "syntax_invalid_parameter_format",
    `"${name}" is not a valid ISO-8601 timestamp: ${text}.`,
  );
}
