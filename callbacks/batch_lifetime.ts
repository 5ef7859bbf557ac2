/** Members of a batch, as it was sent or as the API describes it; they may have any type. */
export interface BatchTimes {
  readonly expire_at?: unknown;
  readonly send_at?: unknown;
}

/** Options of {@linkcode lastCallbackMs}. */
export interface BatchLifetimeOptions {
  /** The time, in ms since the epoch. */
  nowMs: number;
  /** How long a batch is remembered at least, in ms. */
  leastMs: number;
}

const DAY_MS = 86_400_000;

/** How long a message is valid after `send_at` if it has no `expire_at`. */
const VALIDITY_MS = 3 * DAY_MS;

/** How long the API repeats a callback: 5 s, doubling to 81,920 s, is 45.5 hours in all. */
export const RETRIES_MS = 2 * DAY_MS;

/** Longest time that a batch is remembered: a year. */
const MAX_MS = 366 * DAY_MS;

/** Until when callbacks about a batch can come, in ms since the epoch, by all that is known of it. */
export function lastCallbackMs(
  known: readonly BatchTimes[],
  { nowMs, leastMs }: BatchLifetimeOptions,
): number {
  const expiries = known.flatMap(({ expire_at, send_at }) => [
    timeOf(expire_at),
    timeOf(send_at) + VALIDITY_MS,
  ]).filter((ms) => !Number.isNaN(ms));
  const lastMs = Math.max(nowMs + leastMs, ...expiries.map((ms) => ms + RETRIES_MS));
  return Math.min(lastMs, nowMs + MAX_MS);
}

function timeOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(value) : NaN;
}
