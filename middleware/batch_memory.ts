import type { CallbackSettings } from "../callback_settings.ts";
import { type BatchTimes, lastCallbackMs } from "../callbacks/batch_lifetime.ts";
import type { BatchRecord } from "../callbacks/batch_record.ts";
import { RecordKeys } from "../callbacks/record_keys.ts";
import { relayOfCaller } from "../callbacks/relay_choice.ts";
import type { SentBatches } from "../callbacks/sent_batches.ts";
import type { Exchange } from "../exchange.ts";
import { readIdOf } from "../idempotency/resource_id.ts";
import type { Operation } from "../operations.ts";
import { memoizeLast } from "../telemetry/memoize_last.ts";
import type { UpstreamReply } from "../upstream/transport.ts";
import { isTest } from "./policy_mode.ts";

/** Options of {@linkcode BatchMemory}. */
export interface BatchMemoryOptions {
  /** The settings as they are now; they may be replaced as a whole. */
  settings: () => CallbackSettings;
  batches: SentBatches;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/** A batch as the API describes it; other members do not matter here. */
export interface CreatedBatch extends BatchTimes {
  readonly id: string;
}

/** Operations that change when a batch is sent, and when it expires. */
const CHANGES: ReadonlySet<Operation["id"] | undefined> = new Set(["updateBatch", "replaceBatch"]);

/** Remembers who sent each batch, for its callbacks. */
export class BatchMemory {
  readonly #options: BatchMemoryOptions;
  readonly #keysOf = memoizeLast(({ hash_key }: CallbackSettings) => new RecordKeys(hash_key));

  constructor(options: BatchMemoryOptions) {
    this.#options = options;
  }

  /** Remembers the batch that a reply describes; the reply has to be used in place of the given. */
  ofReply(exchange: Exchange, reply: UpstreamReply): UpstreamReply {
    const { operation, span } = exchange;
    const { status, body } = reply;
    if (!this.#hasCallbacks(exchange)) return reply;
    if (status === 200 && CHANGES.has(operation?.id)) this.#extend(exchange, body);
    if (status !== 201 || operation?.id !== "sendBatch") return reply;
    const spanContext = span.spanContext();
    if (body instanceof Uint8Array) {
      const { id, ...times } = readMembers(body);
      if (typeof id === "string") this.remember(exchange, { id, ...times }, spanContext);
      return reply;
    }
    const onId = (id?: string) => id !== undefined && this.remember(exchange, { id }, spanContext);
    return { ...reply, body: readIdOf(body, onId) };
  }

  /** Remembers a batch; `span` is the SERVER span of the request that created it. */
  remember(exchange: Exchange, batch: CreatedBatch, span: BatchRecord["span"]): void {
    if (!this.#hasCallbacks(exchange)) return;
    const key = this.#keyOf(exchange, batch.id);
    exchange.batchId = batch.id;
    const relay = relayOfCaller(this.#options.settings(), exchange.principal?.subject);
    const sentAtMs = this.#options.now();
    const untilMs = this.#lastCallbackMs(exchange, batch);
    this.#options.batches.remember(key, {
      relay,
      span,
      sentAtMs,
      untilMs,
      isTest: isTest(exchange),
    });
  }

  #extend(exchange: Exchange, answer: UpstreamReply["body"]): void {
    const [batchId = ""] = exchange.rawPath.split("/").slice(-1);
    const key = this.#keyOf(exchange, batchId);
    const batch = answer instanceof Uint8Array ? readMembers(answer) : {};
    this.#options.batches.extend(key, this.#lastCallbackMs(exchange, batch));
  }

  #hasCallbacks({ servicePlanId = "" }: Exchange): boolean {
    return Object.hasOwn(this.#options.settings().plans, servicePlanId);
  }

  #keyOf({ servicePlanId = "" }: Exchange, batchId: string): string {
    return this.#keysOf(this.#options.settings()).batch(servicePlanId, batchId);
  }

  /** A batch may be sent later. The request has its times where the answer is too large. */
  #lastCallbackMs({ body }: Exchange, batch: BatchTimes): number {
    const leastMs = 1_000 * this.#options.settings().remember_s;
    return lastCallbackMs([batch, body ? readMembers(body) : {}], {
      nowMs: this.#options.now(),
      leastMs,
    });
  }
}

/** The members of a JSON object that are of interest, with values of any type. */
function readMembers(json: Uint8Array): BatchTimes & { readonly id?: unknown } {
  try {
    const { id, expire_at, send_at } = JSON.parse(new TextDecoder().decode(json)) ?? {};
    return { id, expire_at, send_at };
  } catch {
    return {};
  }
}
