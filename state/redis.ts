import { Buffer } from "node:buffer";
import { ReplicaConfirmations } from "./redis_replicas.ts";
import { parseClaimReply, parseReadReply } from "./redis_reply.ts";
import type { RedisRunner, ScriptResult } from "./redis_runner.ts";
import { CLAIM, packToken, READ, RELEASE, UPDATE } from "./redis_scripts.ts";
import {
  type Change,
  type Claim,
  type ClaimResult,
  StateError,
  type StateStore,
  type StoredRecord,
} from "./store.ts";

/** Options of {@linkcode RedisStore}. */
export interface RedisStoreOptions {
  /** Deadline of every operation, in ms; the same as that of the runner. */
  timeoutMs: number;
  /** Replicas that must have a claim before it counts; default: 0. */
  replicas?: number | undefined;
}

/** Share of the deadline for replicas: Redis may notice the end of a `WAIT` 100 ms late. */
const WAIT_SHARE = 0.25;

/**
 * A store on a Redis server (6.2 or later, or Valkey), single or Cluster, for any number of
 * instances. Each operation is one Lua script; the server's clock decides. Nothing is queued while
 * there is no connection, and nothing is sent twice.
 *
 * What a server that dies has neither saved nor replicated is lost, and repeats of those requests
 * would be sent again. With `replicas`, a claim counts only when so many replicas have it. Updates
 * and releases do not wait: without them a record says `unknown`, which sends nothing.
 */
export class RedisStore implements StateStore {
  readonly kind = "redis";
  readonly #runner: RedisRunner;
  readonly #confirmations: ReplicaConfirmations | undefined;

  /** @param runner is closed with the store */
  constructor(runner: RedisRunner, { timeoutMs, replicas = 0 }: RedisStoreOptions) {
    this.#runner = runner;
    if (replicas > 0) {
      const waitMs = Math.ceil(timeoutMs * WAIT_SHARE);
      this.#confirmations = new ReplicaConfirmations(replicas, waitMs);
    }
  }

  async claim(key: string, { token, value, leaseMs, ttlMs }: Claim): Promise<ClaimResult> {
    const times = [leaseMs, ttlMs].map((ms) => String(Math.ceil(ms)));
    const args = [...times, packToken(token), toBuffer(value)];
    const confirmations = this.#confirmations;
    const confirm = confirmations && confirmations.confirm.bind(confirmations);
    return await this.#runner.beforeDeadline(async (deadline) => {
      const sent = await this.#runner.run({ script: CLAIM, key, args, confirm }, deadline);
      const result = parseClaimReply(sent.reply);
      if (result.claimed && confirm) await this.#confirm(key, token, sent);
      return result;
    });
  }

  async read(key: string): Promise<StoredRecord | undefined> {
    return await this.#runner.beforeDeadline(async (deadline) => {
      return parseReadReply(
        (await this.#runner.run({ script: READ, key, args: [] }, deadline)).reply,
      );
    });
  }

  async update(key: string, { token, value, settled, ttlMs }: Change): Promise<boolean> {
    const ttl = String(Math.ceil(ttlMs));
    const args = [packToken(token), ttl, settled ? "1" : "0", toBuffer(value)];
    return await this.#runner.beforeDeadline(async (deadline) => {
      return (await this.#runner.run({ script: UPDATE, key, args }, deadline)).reply === 1;
    });
  }

  async release(key: string, token: string): Promise<boolean> {
    const args = [packToken(token)];
    return await this.#runner.beforeDeadline(async (deadline) => {
      return (await this.#runner.run({ script: RELEASE, key, args }, deadline)).reply === 1;
    });
  }

  close(): Promise<void> {
    this.#runner.close();
    return Promise.resolve();
  }

  async #confirm(key: string, token: string, sent: ScriptResult): Promise<void> {
    if (!sent.redirected && await sent.confirmed) return;
    const released = await this.release(key, token).catch(() => false);
    throw new StateError("not_replicated", { maybeDone: !released });
  }
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
