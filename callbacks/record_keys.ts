import { createHash, createHmac } from "node:crypto";

/**
 * The keys of the records about callbacks: hashes, so that the store has neither numbers nor ids in
 * the clear. Without `hash_key`, who can read the store and knows a batch id can test guesses of
 * its recipients.
 */
export class RecordKeys {
  readonly #hashKey: string | undefined;

  /** @param hashKey member `hash_key` of `CALLBACKS`; undefined: hashes without a key */
  constructor(hashKey: string | undefined) {
    this.#hashKey = hashKey;
  }

  /** What is remembered of a batch. */
  batch(servicePlanId: string, batchId: string): string {
    return this.#hash("batch", servicePlanId, batchId);
  }

  /** Whether a callback was relayed. */
  event(servicePlanId: string, identity: string): string {
    return this.#hash("event", servicePlanId, identity);
  }

  /** Whether a nonce was used, for whichever plan: the signature does not contain the plan. */
  nonce(nonce: string): string {
    return this.#hash("nonce", nonce);
  }

  /** The `webhook-id` of a callback: the same each time that it is relayed. */
  webhookId(servicePlanId: string, identity: string): string {
    return `msg_${this.#hash("webhook-id", servicePlanId, identity)}`;
  }

  #hash(...parts: readonly string[]): string {
    const hash = this.#hashKey === undefined
      ? createHash("sha256")
      : createHmac("sha256", this.#hashKey);
    return hash.update(JSON.stringify(["callback", ...parts])).digest("base64url");
  }
}
