import { type ClaimResult, StateError } from "../state/store.ts";
import { encodeRecord, type IdempotencyRecord, type RecordedOutcome } from "./record.ts";
import type { RequestKeys } from "./request_keys.ts";
import { type RememberedAnswer, seal } from "./seal.ts";
import type { Settlements } from "./settlements.ts";

/** Options of {@linkcode RecordWriter}. */
export interface RecordWriterOptions {
  /** Of the store that holds the record. */
  settlements: Settlements;
  keys: RequestKeys;
  /** Of the claim that creates the record, or has created it. */
  token: string;
  /** The SERVER span of the first request. */
  span: IdempotencyRecord["span"];
  /** How long the record lives, in ms. */
  ttlMs: number;
}

/** Creates and changes the record of one request. */
export class RecordWriter {
  readonly #options: RecordWriterOptions;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
  }

  /**
   * Claims the key for this request, atomically.
   *
   * @param leaseMs how long the request takes at most
   * @throws {StateError} when it is not known whether the key is free; then nothing may be sent
   */
  claim(leaseMs: number): Promise<ClaimResult> {
    const { settlements, keys, token, ttlMs } = this.#options;
    const value = this.#encode({ kind: "pending" });
    return settlements.store.claim(keys.recordKey, { token, value, leaseMs, ttlMs });
  }

  /** Remembers an answer. */
  answered(answer: RememberedAnswer): Promise<void> {
    return this.#write({ kind: "answered", sealed: seal(answer, this.#options.keys.sealKey) });
  }

  /** Remembers that nobody knows the outcome, with the code of the answer. */
  unknown(code: string): Promise<void> {
    return this.#write({ kind: "unknown", code });
  }

  /** Frees the key of a request that was not processed. If the store fails, it frees it later. */
  async release(): Promise<void> {
    const { settlements, keys, token } = this.#options;
    try {
      await settlements.store.release(keys.recordKey, token);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }

  #write(outcome: RecordedOutcome): Promise<void> {
    const { settlements, keys, token, ttlMs } = this.#options;
    const settled = outcome.kind === "answered";
    return settlements.write(keys.recordKey, {
      token,
      value: this.#encode(outcome),
      settled,
      ttlMs,
    });
  }

  #encode(outcome: RecordedOutcome): Uint8Array {
    const { keys, span } = this.#options;
    return encodeRecord({ fingerprint: keys.fingerprint, span, outcome });
  }
}
