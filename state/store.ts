/** Why a store did not do an operation. */
export type StateErrorReason =
  /** No answer within the deadline. */
  | "timeout"
  /** No connection to the store, or the connection broke. */
  | "unreachable"
  /** No space for another record. Live records are never evicted. */
  | "full"
  /** Fewer replicas than required confirmed the claim. */
  | "not_replicated"
  /** The store answered with an error. */
  | "failed";

/** Options of {@linkcode StateError}. */
export interface StateErrorOptions {
  /** What happened, in a few words that quote neither keys, values nor credentials. */
  detail?: string | undefined;
  /** Whether the store may have done the operation all the same; default: false. */
  maybeDone?: boolean;
}

/** The only error that the operations of a {@linkcode StateStore} reject with. */
export class StateError extends Error {
  override readonly name = "StateError";
  readonly maybeDone: boolean;

  /** @param reason why the operation failed; the message holds it and `detail`, nothing else */
  constructor(readonly reason: StateErrorReason, options: StateErrorOptions = {}) {
    super(`state store: ${reason}${options.detail ? ` (${options.detail})` : ""}`);
    this.maybeDone = options.maybeDone ?? false;
  }
}

/** What a store holds under a key. */
export interface StoredRecord {
  /** The token of the claim that created it. */
  readonly token: string;
  readonly value: Uint8Array;
  /** A settled record does not change until it expires. */
  readonly settled: boolean;
  /** Whether nobody works on it any more: the lease is over, or an update has ended it. */
  readonly leaseExpired: boolean;
  /** Time since the claim, in ms; 0 where the store's clock went back. */
  readonly ageMs: number;
}

/** What {@linkcode StateStore.claim} creates. */
export interface Claim {
  /** A new random value for each claim, of at most 255 ASCII characters. */
  readonly token: string;
  readonly value: Uint8Array;
  /** How long the claimant is expected to work on it. */
  readonly leaseMs: number;
  /** After this time the record does not exist any more. */
  readonly ttlMs: number;
}

/** What {@linkcode StateStore.update} writes. */
export interface Change {
  readonly token: string;
  readonly value: Uint8Array;
  readonly settled: boolean;
  /** From now on. */
  readonly ttlMs: number;
}

export type ClaimResult = { claimed: true } | { claimed: false; record: StoredRecord };

/**
 * Records that outlive a request (contract.md §5 and §6). Every adapter keeps these promises:
 *
 * - Atomicity: each operation is one atomic step, for all processes that share the store. Of any
 *   number of concurrent claims of a key, one is told `claimed: true`.
 * - Fencing: only the token of a record changes or deletes it, and nothing changes a settled one.
 * - Lease: a lease that ends leaves the record in place, with `leaseExpired`, until its ttl. The
 *   outcome of an unfinished claim is unknown; the key is not free. An update ends the lease.
 * - Expiry: a record exists for its ttl and is never evicted before; a claim that finds no space
 *   fails with `full`.
 * - Clock: one clock decides, that of the process (memory), of the file (SQLite) or of the server
 *   (Redis). Where it goes back, a lease counts as expired rather than as running.
 * - Deadline: an operation settles within the timeout of the store, whatever state it is in.
 * - Errors: operations reject with {@linkcode StateError} only. Where `maybeDone` is true, the
 *   operation may have been carried out, or may still be. After a claim that failed nothing may be
 *   sent, and after a release its token may not be used: the record is then deleted when it can be
 *   (abandoned_claims.ts).
 */
export interface StateStore {
  readonly kind: "memory" | "sqlite" | "redis";
  /** Creates the record if there is none; otherwise returns the one that is there. */
  claim(key: string, claim: Claim): Promise<ClaimResult>;
  /** The record under a key, if there is one; changes nothing. */
  read(key: string): Promise<StoredRecord | undefined>;
  /** Replaces the value if the record has this token and is not settled; false otherwise. */
  update(key: string, change: Change): Promise<boolean>;
  /** Deletes the record if it has this token and is not settled; false otherwise. */
  release(key: string, token: string): Promise<boolean>;
  /** Gives up connections and files; no operation may be called afterwards. */
  close(): Promise<void>;
}
