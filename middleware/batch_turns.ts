import { createHash } from "node:crypto";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange } from "../exchange.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { JUDGED } from "../policies/operations.ts";
import { StateError, type StateStore } from "../state/store.ts";
import { isTest } from "./policy_mode.ts";

/** Options of {@linkcode BatchTurns}. */
export interface BatchTurnsOptions {
  /** Where instances see the changes of each other; absent: there is one instance. */
  store: StateStore | undefined;
  /** Longest time that a change takes, in ms. */
  leaseMs: number;
}

/** Seconds after which the other change is likely to be done. */
const RETRY_AFTER_S = "1";

/**
 * Changes of one batch, one at a time, where what they add is billed (contract.md §7): two at once
 * would both be compared with the batch as it was before. While the store does not answer, each
 * instance sees its own changes only.
 */
export class BatchTurns {
  readonly #options: BatchTurnsOptions;
  readonly #here = new OutstandingLimiter(1);

  constructor(options: BatchTurnsOptions) {
    this.#options = options;
  }

  /** Whether a request has to wait for its turn; the mode `warn` refuses nothing. */
  isNeeded({ policy: applied, operation }: Exchange): boolean {
    if (!applied?.policy.messages || !operation) return false;
    return applied.policy.mode !== "warn" && JUDGED[operation.id]?.bills === "added";
  }

  /** @throws {GatewayError} 429 while another change of the batch is under way */
  async run<T>(exchange: Exchange, change: () => Promise<T>): Promise<T> {
    const key = createHash("sha256").update(`change ${isTest(exchange)} ${exchange.rawPath}`)
      .digest("base64url");
    const release = this.#here.acquire(key);
    if (!release) throw underWay();
    const token = crypto.randomUUID();
    try {
      if (!await this.#claimed(key, token)) throw underWay();
      return await change().finally(() => this.#release(key, token));
    } finally {
      release();
    }
  }

  async #claimed(key: string, token: string): Promise<boolean> {
    const { store, leaseMs } = this.#options;
    const claim = { token, value: new Uint8Array(), leaseMs, ttlMs: leaseMs };
    try {
      return !store || (await store.claim(key, claim)).claimed;
    } catch (error) {
      if (error instanceof StateError) return true; // budgets are counted without the store, too
      throw error;
    }
  }

  async #release(key: string, token: string): Promise<void> {
    try {
      await this.#options.store?.release(key, token);
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
    }
  }
}

function underWay(): GatewayError {
  return new GatewayError("too_many_requests", {
    text:
      "Another change of this batch is under way. Nothing was sent. Send the request again after Retry-After.",
    headers: { "retry-after": RETRY_AFTER_S },
  });
}
