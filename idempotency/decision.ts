import { timingSafeEqual } from "node:crypto";
import type { StoredRecord } from "../state/store.ts";
import { decodeRecord, type IdempotencyRecord } from "./record.ts";

/** What is done with a request whose key is known already (contract.md §5). */
export type Decision =
  /** Answered like the first. */
  | { readonly action: "replay"; readonly record: IdempotencyRecord; readonly sealed: Uint8Array }
  /** 409: the first is under way. */
  | { readonly action: "in_use"; readonly record: IdempotencyRecord }
  /** 422: the key belongs to another request. */
  | { readonly action: "reused"; readonly record: IdempotencyRecord }
  /** The SMS API is asked; where that fails, the outcome stays unknown, with this code. */
  | {
    readonly action: "find_out";
    readonly record: IdempotencyRecord | undefined;
    readonly code: string;
  };

/** The code where the gateway died, or lost what it knew. */
export const LOST_CODE = "upstream_connection_lost";

/**
 * Decides what a request gets whose key has a record. It is never sent: whether the first was
 * processed is known, or is not to be risked.
 */
export function decide(stored: StoredRecord, fingerprint: Uint8Array): Decision {
  const record = decodeRecord(stored.value);
  // A record of another version of the gateway: that there is one is all that is known.
  if (!record) return { action: "find_out", record, code: LOST_CODE };
  if (!timingSafeEqual(record.fingerprint, fingerprint)) return { action: "reused", record };
  const { outcome } = record;
  switch (outcome.kind) {
    case "answered":
      return { action: "replay", record, sealed: outcome.sealed };
    case "unknown":
      return { action: "find_out", record, code: outcome.code };
    case "pending":
      return stored.leaseExpired
        ? { action: "find_out", record, code: LOST_CODE }
        : { action: "in_use", record };
  }
}
