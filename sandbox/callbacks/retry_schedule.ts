/** The API repeats a callback that was not taken after 5 s, then after twice as long each time. */
const FIRST_DELAY_MS = 5_000;

/** The longest delay of the API, in ms: nearly 23 hours. After it a callback is given up. */
const LAST_DELAY_MS = 81_920_000;

/**
 * The delay before a retry.
 *
 * @param retry counted from 1
 * @returns milliseconds; undefined if the API does not try again
 */
export function retryDelayMs(retry: number): number | undefined {
  const delayMs = FIRST_DELAY_MS * 2 ** (retry - 1);
  return delayMs > LAST_DELAY_MS ? undefined : delayMs;
}

/** Whether the API sends a callback again after this status, or without an answer. */
export function isRetried(status: number | undefined): boolean {
  return status === undefined || status === 429 || status >= 500;
}
