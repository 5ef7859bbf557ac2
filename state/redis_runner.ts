import type { Buffer } from "node:buffer";
import type { RedisNode } from "./redis_client.ts";
import { RedisConnection } from "./redis_connection.ts";
import { replyCode, toStateError } from "./redis_error.ts";
import { warnOfEviction } from "./redis_eviction.ts";
import type { Script } from "./redis_scripts.ts";
import type { RedisAddress } from "../state_url.ts";
import { StateError } from "./store.ts";

/** Options of {@linkcode RedisRunner}. */
export interface RedisRunnerOptions {
  /** Deadline of every operation, in ms. */
  timeoutMs: number;
  /** Certificate authorities to trust in place of the runtime's, PEM. */
  tlsCa?: string | undefined;
  /** Told when the server may evict records. */
  onWarning?: ((sentence: string) => void) | undefined;
  /** Told when the connection stands, and when it breaks; may be told the same again. */
  onReachable?: ((reachable: boolean) => void) | undefined;
}

/** A script and what it works on. */
export interface ScriptCall {
  readonly script: Script;
  /** Without the prefix of this program. */
  readonly key: string;
  readonly args: readonly (string | Buffer)[];
  /** Sent to the node directly after the script; tells whether replicas have what it wrote. */
  readonly confirm?: ((node: RedisNode) => Promise<boolean>) | undefined;
}

/** What came back, and whether replicas have it. */
export interface ScriptResult {
  readonly reply: unknown;
  readonly confirmed?: Promise<boolean> | undefined;
  /** Whether another node than expected did it, so that `confirmed` says nothing. */
  readonly redirected: boolean;
}

/** Whether nobody waits for the operation any more. */
export interface Deadline {
  passed: boolean;
}

/** Keys of this program, should others use the same database. */
const KEY_PREFIX = "sms-gateway:";

/** Without any reply for so long, at least, a silent connection is replaced. */
const SILENCE_MS = 1_000;

/** Error replies that another server, or the next look at the host name, may not give. */
const MOVED = new Set(["MOVED", "ASK"]);
const FAILED_OVER = new Set(["READONLY", "MASTERDOWN"]);

/**
 * Runs scripts on a Redis server, single or Cluster, each within the deadline. Nothing is queued
 * while there is no connection, and nothing is sent twice.
 */
export class RedisRunner {
  readonly #connection: RedisConnection;
  readonly #timeoutMs: number;
  #lastReplyAt = performance.now();

  /** Begins to connect; operations fail with `unreachable` until the connection stands. */
  constructor(address: RedisAddress, options: RedisRunnerOptions) {
    const { timeoutMs, onWarning = () => {} } = options;
    this.#timeoutMs = timeoutMs;
    this.#connection = new RedisConnection(address, {
      tlsCa: options.tlsCa,
      onReachable: options.onReachable ?? (() => {}),
      onConnected: (connection) => void warnOfEviction(connection, onWarning),
    });
  }

  /** Settles when the first attempt to connect has ended, or after the deadline. */
  async firstAttempt(): Promise<void> {
    const attempt = this.#connection.connecting ?? Promise.resolve();
    await this.beforeDeadline(() => attempt).catch(() => {});
  }

  /** Runs a script on the node of the key. */
  async run(call: ScriptCall, deadline: Deadline): Promise<ScriptResult> {
    const { script, key, args, confirm } = call;
    const redisKey = KEY_PREFIX + key;
    const connection = this.#connection.current;
    const node = await connection.nodeFor(redisKey);
    // A node of a Cluster may have taken long to connect: what nobody waits for is not sent.
    if (deadline.passed) throw new StateError("timeout");
    const rest = ["1", redisKey, ...args];
    const evalsha = node.sendCommand(["EVALSHA", script.sha1, ...rest]);
    const confirmed = confirm?.(node);
    confirmed?.catch(() => {}); // Its failure matters only if the script did not fail.
    try {
      return { reply: await evalsha, confirmed, redirected: false };
    } catch (error) {
      const code = replyCode(error) ?? "";
      const evaluate = ["EVAL", script.source, ...rest];
      if (code === "NOSCRIPT") return await sendAndConfirm(node, evaluate, confirm);
      if (!MOVED.has(code)) throw error;
      return { reply: await connection.redirected(redisKey, evaluate), redirected: true };
    }
  }

  /** Runs an operation; rejects with {@linkcode StateError} only, at the deadline at the latest. */
  async beforeDeadline<T>(run: (deadline: Deadline) => Promise<T>): Promise<T> {
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

  close(): void {
    this.#connection.close();
  }

  #replaceIfNeeded(error: unknown): void {
    const code = replyCode(error);
    if (code !== undefined) this.#lastReplyAt = performance.now();
    const silentMs = performance.now() - this.#lastReplyAt;
    const isSilent = silentMs > Math.max(SILENCE_MS, 4 * this.#timeoutMs);
    if (isSilent || FAILED_OVER.has(code ?? "")) this.#connection.replace();
  }
}

async function sendAndConfirm(
  node: RedisNode,
  command: (string | Buffer)[],
  confirm: ScriptCall["confirm"],
): Promise<ScriptResult> {
  const reply = node.sendCommand(command);
  const confirmed = confirm?.(node);
  confirmed?.catch(() => {});
  return { reply: await reply, confirmed, redirected: false };
}
