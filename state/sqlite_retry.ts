import { StateError } from "./store.ts";

/** A lock is tried again after so long at first, then after twice as long each time. */
const FIRST_RETRY_MS = 1;
const MAX_RETRY_MS = 16;

/**
 * Runs an attempt until no other process has the file locked, without blocking this thread.
 *
 * @throws {StateError} `timeout` after `timeoutMs`, or what else failed
 */
export async function retryLocked<T>(timeoutMs: number, attempt: () => T): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (let waitMs = FIRST_RETRY_MS;; waitMs = Math.min(waitMs * 2, MAX_RETRY_MS)) {
    try {
      return attempt();
    } catch (error) {
      const failure = toStateError(error);
      const leftMs = deadline - performance.now();
      if (failure.reason !== "timeout" || leftMs <= 0) throw failure;
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, leftMs)));
    }
  }
}

/** By the messages of SQLite, which are the same everywhere; Deno's errors have no `errcode`. */
export function toStateError(error: unknown): StateError {
  if (error instanceof StateError) return error;
  const detail = error instanceof Error ? error.message : "";
  if (/is locked/.test(detail)) return new StateError("timeout", { detail });
  if (/is full/.test(detail)) return new StateError("full");
  return new StateError("failed", { detail, maybeDone: true });
}
