import type { CallbackSettings } from "../callback_settings.ts";
import type { BatchRecord } from "../callbacks/batch_record.ts";
import { RecordKeys } from "../callbacks/record_keys.ts";
import { relayOfCaller } from "../callbacks/relay_choice.ts";
import type { SentBatches } from "../callbacks/sent_batches.ts";
import type { Exchange } from "../exchange.ts";
import { readIdOf } from "../idempotency/resource_id.ts";
import { memoizeLast } from "../telemetry/memoize_last.ts";
import type { UpstreamReply } from "../upstream/transport.ts";

/** Options of {@linkcode BatchMemory}. */
export interface BatchMemoryOptions {
  /** The settings as they are now; they may be replaced as a whole. */
  settings: () => CallbackSettings;
  batches: SentBatches;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/** A batch as the API describes it; other members do not matter here. */
export interface CreatedBatch {
  readonly id: string;
  readonly expire_at?: unknown;
}

/** The API's retries of a callback reach for a day after the batch has expired, in ms. */
const RETRIES_MS = 86_400_000 + 3_600_000;

/** Longest time that a batch is remembered, in ms: a year. */
const MAX_TTL_MS = 366 * 86_400_000;

/** Remembers who sent each batch, for its callbacks. */
export class BatchMemory {
  readonly #options: BatchMemoryOptions;
  readonly #keysOf = memoizeLast(({ hash_key }: CallbackSettings) => new RecordKeys(hash_key));

  constructor(options: BatchMemoryOptions) {
    this.#options = options;
  }

  /** Remembers the batch that a reply describes; the reply has to be used in place of the given. */
  ofReply(exchange: Exchange, reply: UpstreamReply): UpstreamReply {
    if (exchange.operation?.id !== "sendBatch" || reply.status !== 201) return reply;
    const span = exchange.span.spanContext();
    const { body } = reply;
    if (body instanceof Uint8Array) {
      const batch = readBatch(body);
      if (batch) this.remember(exchange, batch, span);
      return reply;
    }
    return {
      ...reply,
      body: readIdOf(body, (id) => id !== undefined && this.remember(exchange, { id }, span)),
    };
  }

  /** Remembers a batch; `span` is the SERVER span of the request that created it. */
  remember(exchange: Exchange, batch: CreatedBatch, span: BatchRecord["span"]): void {
    const { servicePlanId, principal } = exchange;
    const settings = this.#options.settings();
    if (servicePlanId === undefined || !Object.hasOwn(settings.plans, servicePlanId)) return;
    exchange.batchId = batch.id;
    const sentAtMs = this.#options.now();
    const relay = relayOfCaller(settings, principal?.subject);
    this.#options.batches.remember({
      key: this.#keysOf(settings).batch(servicePlanId, batch.id),
      record: { relay, span, sentAtMs },
      ttlMs: ttlMs(batch, { sentAtMs, leastMs: 1_000 * settings.remember_s }),
    });
  }
}

function readBatch(body: Uint8Array): CreatedBatch | undefined {
  try {
    const batch = JSON.parse(new TextDecoder().decode(body));
    return typeof batch?.id === "string" ? batch : undefined;
  } catch {
    return undefined;
  }
}

/** A batch may be sent later, and reports come until it has expired. */
function ttlMs(
  { expire_at }: CreatedBatch,
  { sentAtMs, leastMs }: { sentAtMs: number; leastMs: number },
): number {
  const expiresAtMs = typeof expire_at === "string" ? Date.parse(expire_at) : NaN;
  if (Number.isNaN(expiresAtMs)) return leastMs;
  return Math.min(Math.max(leastMs, expiresAtMs - sentAtMs + RETRIES_MS), MAX_TTL_MS);
}
