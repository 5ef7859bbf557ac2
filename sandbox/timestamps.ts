/** Reads and writes ISO 8601 timestamps; a timestamp without an offset is UTC. */

import { TIMESTAMP } from "../schemas/common.ts";

/** Milliseconds since the epoch; undefined if `text` is not a date and time that exists. */
export function parseTimestamp(text: string): number | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map((part) =>
    Number(part ?? 0)
  );
  const local = new Date(
    Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second, fractionMs(match[7])),
  );
  const exists = local.getUTCMonth() + 1 === month && local.getUTCDate() === day &&
    local.getUTCHours() === hour && local.getUTCMinutes() === minute;
  const offset = offsetMs(match[8]);
  return exists && offset !== undefined ? local.getTime() - offset : undefined;
}

/** `ms` since the epoch as the API writes it: UTC, with milliseconds. */
export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString();
}

function fractionMs(fraction = "0"): number {
  return Number(fraction.padEnd(3, "0").slice(0, 3));
}

function offsetMs(offset = "Z"): number | undefined {
  if (offset === "Z") return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(3).replace(":", ""));
  if (hours > 23 || minutes > 59) return undefined;
  return (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}
