import { createHash, hkdfSync } from "node:crypto";

/** Where a key comes from: the two never name the same record. */
export type KeySource = "header" | "client_reference";

/** Whose key it is, and for what (contract.md §5). */
export interface KeyScope {
  readonly issuer: string;
  readonly subject: string | undefined;
  readonly servicePlanId: string;
  /** Id of the operation. */
  readonly operation: string;
  readonly source: KeySource;
  /** Whether the request goes to the test API: what was sent there was not really sent. */
  readonly isTest: boolean;
  readonly key: string;
}

/** What makes two requests the same (contract.md §5). */
export interface RequestIdentity {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Uint8Array;
}

/** What is derived from a request with a key; only a repeat of the same request derives the same. */
export interface RequestKeys {
  /** Finds the record in the store: a hash of the scope, in base64url. */
  readonly recordKey: string;
  /** Tells whether a repeat is the same request; 16 bytes. */
  readonly fingerprint: Uint8Array;
  /** Encrypts the answer; 32 bytes. */
  readonly sealKey: Uint8Array;
}

const SEAL_KEY_BYTES = 32;

/** Length of a fingerprint, in bytes. */
export const FINGERPRINT_BYTES = 16;

/**
 * Derives the keys of a request (contract.md §5; HKDF-SHA-256, RFC 5869). The secret of the
 * derivation is the request with its idempotency key, which the store does not hold: a record can
 * be read by whoever repeats or guesses the whole request. Synchronous, since each call of Web
 * Crypto costs 25 µs of CPU and more on Deno.
 */
export function deriveKeys(scope: KeyScope, request: RequestIdentity): RequestKeys {
  const { issuer, subject = null, servicePlanId, operation, source, key, isTest } = scope;
  const mode = isTest ? ["test"] : []; // none for live: records of earlier versions are found
  const owner = JSON.stringify([issuer, subject, servicePlanId, operation, source, key, ...mode]);
  const recordKey = createHash("sha256").update(owner).digest("base64url");
  const { method, path, query, body } = request;
  // JSON has no line break outside of strings, so the parts cannot run into each other.
  const secret = createHash("sha256")
    .update(`${owner}\n${JSON.stringify([method, path, query])}\n`)
    .update(body).digest();
  const length = SEAL_KEY_BYTES + FINGERPRINT_BYTES;
  const derived = new Uint8Array(hkdfSync("sha256", secret, recordKey, "sms-gateway/1", length));
  return {
    recordKey,
    sealKey: derived.subarray(0, SEAL_KEY_BYTES),
    fingerprint: derived.subarray(SEAL_KEY_BYTES),
  };
}
