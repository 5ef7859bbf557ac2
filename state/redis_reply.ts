import { Buffer } from "node:buffer";
import { LAYOUT } from "./redis_scripts.ts";
import { type ClaimResult, StateError, type StoredRecord } from "./store.ts";

/** Reads the reply of the CLAIM script: the server's time, and the record that is there. */
export function parseClaimReply(reply: unknown): ClaimResult {
  const record = parseReadReply(reply);
  return record ? { claimed: false, record } : { claimed: true };
}

/** Reads the reply of the READ script, which is that of a CLAIM that did not succeed. */
export function parseReadReply(reply: unknown): StoredRecord | undefined {
  if (!Array.isArray(reply)) throw unreadable();
  const [now, record]: unknown[] = reply;
  if (record === null || record === undefined) return undefined;
  if (!Buffer.isBuffer(record) || record[0] !== "1".charCodeAt(0)) throw unreadable();
  return parseRecord(record, Number(now));
}

function parseRecord(packed: Buffer, now: number): StoredRecord {
  const text = (start: number, end: number) => packed.toString("latin1", start, end);
  const claimedAt = Number(text(LAYOUT.claimedAt, LAYOUT.leaseUntil));
  const leaseUntil = Number(text(LAYOUT.leaseUntil, LAYOUT.tokenLength));
  const tokenEnd = LAYOUT.token + Number(text(LAYOUT.tokenLength, LAYOUT.token));
  return {
    token: text(LAYOUT.token, tokenEnd),
    value: new Uint8Array(packed.subarray(tokenEnd)),
    settled: text(LAYOUT.settled, LAYOUT.claimedAt) === "1",
    // A server whose clock went back, or a replica behind it that took over.
    leaseExpired: leaseUntil <= now || now < claimedAt,
    ageMs: Math.max(0, now - claimedAt),
  };
}

function unreadable(): StateError {
  return new StateError("failed", { detail: "the record has an unknown format" });
}
