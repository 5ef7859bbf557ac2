import { Buffer } from "node:buffer";
import type { RedisNode } from "./redis_client.ts";
import { RedisConnection } from "./redis_connection.ts";
import { replyCode, toStateError } from "./redis_error.ts";
import { warnOfEviction } from "./redis_eviction.ts";
import { ReplicaConfirmations } from "./redis_replicas.ts";
import { parseClaimReply, parseReadReply } from "./redis_reply.ts";
import { CLAIM, packToken, READ, RELEASE, type Script, UPDATE } from "./redis_scripts.ts";
import type { RedisAddress } from "../state_url.ts";
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
  /** Deadline of every operation, in ms. */
  timeoutMs: number;
  /** Replicas that must have a claim before it counts; default: 0. */
  replicas?: number | undefined;
  /** Certificate authorities to trust in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  /** Told when the server may evict records. */
  onWarning?: ((sentence: string) => void) | undefined;
  /** Told when the connection stands, and when it breaks; may be told the same again. */
  onReachable?: ((reachable: boolean) => void) | undefined;
}

type Argument = string | Buffer;

/** Keys of this program, should others use the same database. */
const KEY_PREFIX = "sms-gateway:";

/** Without any reply for so long, at least, a silent connection is replaced. */
const SILENCE_MS = 1_000;

/** Share of the deadline for replicas: Redis may notice the end of a `WAIT` 100 ms late. */
const WAIT_SHARE = 0.25;

/** Error replies that another server, or the next look at the host name, may not give. */
const MOVED = new Set(["MOVED", "ASK"]);
const FAILED_OVER = new Set(["READONLY", "MASTERDOWN"]);

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
  readonly #connection: RedisConnection;
  readonly #timeoutMs: number;
  readonly #confirmations: ReplicaConfirmations | undefined;
  #lastReplyAt = performance.now();

  /** Begins to connect; operations fail with `unreachable` until the connection stands. */
  constructor(address: RedisAddress, options: RedisStoreOptions) {
    const { timeoutMs, replicas = 0, onWarning = () => {} } = options;
    this.#timeoutMs = timeoutMs;
    if (replicas > 0) {
      const waitMs = Math.ceil(timeoutMs * WAIT_SHARE);
      this.#confirmations = new ReplicaConfirmations(replicas, waitMs);
    }
    this.#connection = new RedisConnection(address, {
      tlsCa: options.tlsCa,
      onReachable: options.onReachable ?? (() => {}),
      onConnected: (connection) => void warnOfEviction(connection, onWarning),
    });
  }

  /** Settles when the first attempt to connect has ended, or after the deadline. */
  async firstAttempt(): Promise<void> {
    const attempt = this.#connection.connecting ?? Promise.resolve();
    await this.#beforeDeadline(() => attempt).catch(() => {});
  }

  async claim(key: string, { token, value, leaseMs, ttlMs }: Claim): Promise<ClaimResult> {
    const times = [leaseMs, ttlMs].map((ms) => String(Math.ceil(ms)));
    const args = [...times, packToken(token), toBuffer(value)];
    return await this.#beforeDeadline(async (deadline) => {
      const sent = await this.#run(CLAIM, key, args, deadline);
      const result = parseClaimReply(sent.reply);
      if (result.claimed && this.#confirmations) await this.#confirm(key, token, sent);
      return result;
    });
  }

  async read(key: string): Promise<StoredRecord | undefined> {
    return await this.#beforeDeadline(async (deadline) => {
      return parseReadReply((await this.#run(READ, key, [], deadline)).reply);
    });
  }

  async update(key: string, { token, value, settled, ttlMs }: Change): Promise<boolean> {
    const ttl = String(Math.ceil(ttlMs));
    const args = [packToken(token), ttl, settled ? "1" : "0", toBuffer(value)];
    return await this.#beforeDeadline(async (deadline) => {
      return (await this.#run(UPDATE, key, args, deadline)).reply === 1;
    });
  }

  async release(key: string, token: string): Promise<boolean> {
    return await this.#beforeDeadline(async (deadline) => {
      return (await this.#run(RELEASE, key, [packToken(token)], deadline)).reply === 1;
    });
  }

  close(): Promise<void> {
    this.#connection.close();
    return Promise.resolve();
  }

  async #confirm(key: string, token: string, sent: Sent): Promise<void> {
    if (!sent.redirected && await sent.confirmed) return;
    const released = await this.release(key, token).catch(() => false);
    throw new StateError("not_replicated", { maybeDone: !released });
  }

  /** Runs a script on the node of the key. */
  async #run(script: Script, key: string, args: Argument[], deadline: Deadline): Promise<Sent> {
    const redisKey = KEY_PREFIX + key;
    const connection = this.#connection.current;
    const node = await connection.nodeFor(redisKey);
    // A node of a Cluster may have taken long to connect: what nobody waits for is not sent.
    if (deadline.passed) throw new StateError("timeout");
    const rest = ["1", redisKey, ...args];
    const evalsha = node.sendCommand(["EVALSHA", script.sha1, ...rest]);
    const confirmed = script === CLAIM ? this.#confirmations?.confirm(node) : undefined;
    confirmed?.catch(() => {}); // Its failure matters only if the claim did not fail.
    try {
      return { reply: await evalsha, confirmed, redirected: false };
    } catch (error) {
      const code = replyCode(error) ?? "";
      const evaluate = ["EVAL", script.source, ...rest];
      if (code === "NOSCRIPT") return await this.#evaluate(node, script, evaluate);
      if (!MOVED.has(code)) throw error;
      return { reply: await connection.redirected(redisKey, evaluate), redirected: true };
    }
  }

  async #evaluate(node: RedisNode, script: Script, command: Argument[]): Promise<Sent> {
    const reply = node.sendCommand(command);
    const confirmed = script === CLAIM ? this.#confirmations?.confirm(node) : undefined;
    confirmed?.catch(() => {});
    return { reply: await reply, confirmed, redirected: false };
  }

  async #beforeDeadline<T>(run: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = { passed: false };
    const { promise: timeout, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      deadline.passed = true;
      reject(new StateError("timeout", { maybeDone: true }));
    }, this.#timeoutMs);
    try {
      const result = await Promise.race([run(deadline), timeout]);
      this.#lastReplyAt = performance.now();
      return result;
    } catch (error) {
      this.#replaceIfNeeded(error);
      throw toStateError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  #replaceIfNeeded(error: unknown): void {
    const code = replyCode(error);
    if (code !== undefined) this.#lastReplyAt = performance.now();
    const silentMs = performance.now() - this.#lastReplyAt;
    const isSilent = silentMs > Math.max(SILENCE_MS, 4 * this.#timeoutMs);
    if (isSilent || FAILED_OVER.has(code ?? "")) this.#connection.replace();
  }
}

interface Deadline {
  passed: boolean;
}

/** What came back, and whether replicas have it. */
interface Sent {
  readonly reply: unknown;
  readonly confirmed?: Promise<boolean> | undefined;
  /** Whether another node than expected did it, so that `confirmed` says nothing. */
  readonly redirected: boolean;
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
