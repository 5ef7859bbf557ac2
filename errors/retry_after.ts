/**
 * Maximum of the gateway's own `Retry-After`, in seconds (contract.md §2). Some HTTP clients, such
 * as that of the official Java SDK, wait for as long as it says.
 */
export const MAX_RETRY_AFTER_S = 5;

/** The value of the gateway's own `Retry-After`: whole seconds, from 1 to the maximum. */
export function ownRetryAfter(waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1_000);
  return String(Math.min(MAX_RETRY_AFTER_S, Math.max(1, seconds)));
}
