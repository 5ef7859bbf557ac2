/**
 * Longest `Retry-After` of the gateway's own, in seconds (contract.md §2). HTTP clients sleep
 * through it without a limit of their own, the one below the official Java SDK among them.
 */
export const MAX_RETRY_AFTER_S = 5;

/** The value of a `Retry-After` of the gateway's own: whole seconds, from 1 to the maximum. */
export function ownRetryAfter(waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1_000);
  return String(Math.min(MAX_RETRY_AFTER_S, Math.max(1, seconds)));
}
