import type { Context } from "hono";
import { catalogEntry } from "../errors/catalog.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import type { Exchange, GatewayEnv, IdempotencyOutcome } from "../exchange.ts";
import { decide, type Decision, LOST_CODE } from "../idempotency/decision.ts";
import { findBatch } from "../idempotency/find_out.ts";
import { type ListedBatch, readMessage } from "../idempotency/message.ts";
import { RecordWriter } from "../idempotency/record_writer.ts";
import type { RequestKeys } from "../idempotency/request_keys.ts";
import { type RememberedAnswer, unseal } from "../idempotency/seal.ts";
import type { Settlements } from "../idempotency/settlements.ts";
import { withTimeout } from "../limits/deadlines.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import type { Operation } from "../operations.ts";
import type { StoredRecord } from "../state/store.ts";
import { MAX_BUFFERED_BYTES, type UpstreamReply } from "../upstream/transport.ts";
import type { BatchMemory } from "./batch_memory.ts";
import type { Forwarder } from "./forward.ts";

/** Options of {@linkcode Repeats}. */
export interface RepeatsOptions {
  ttlMs: number;
  lookupTimeoutMs: number;
  forwarder: Forwarder;
  /** Remembers a batch that was found out; default: nothing is remembered. */
  batchMemory?: BatchMemory | undefined;
}

/** A request whose key has a record. */
interface Repeat {
  readonly stored: StoredRecord;
  readonly keys: RequestKeys;
  readonly settlements: Settlements;
}

const PLAN = "/xms/v1/{service_plan_id}" as const;

/** Operation → where its result is found by the id in a large answer. */
const RESOURCES: Readonly<Record<string, { collection: string; route: Operation["path"] }>> = {
  sendBatch: { collection: "batches", route: `${PLAN}/batches/{batch_id}` },
  updateBatch: { collection: "batches", route: `${PLAN}/batches/{batch_id}` },
  createGroup: { collection: "groups", route: `${PLAN}/groups/{group_id}` },
  updateGroup: { collection: "groups", route: `${PLAN}/groups/{group_id}` },
};

/** Whether a large answer is remembered by the id in it; that of a dry run has none. */
export function isReplayedById({ operation }: Exchange): boolean {
  return Object.hasOwn(RESOURCES, operation?.id ?? "");
}

/**
 * Maximum number of repeats that ask the SMS API at once; each may hold a page of a listing. For
 * further ones the outcome stays unknown, until they repeat again.
 */
export const MAX_LOOKUPS = 8;

/** Seconds after which a repeat is likely to find the first request answered. */
const RETRY_AFTER_S = "1";

/** Answers repeats (contract.md §5). Nothing here sends the caller's request. */
export class Repeats {
  readonly #options: RepeatsOptions;
  readonly #lookups = new OutstandingLimiter(MAX_LOOKUPS);

  constructor(options: RepeatsOptions) {
    this.#options = options;
  }

  /** @throws {GatewayError} where there is no answer to replay */
  async respond(c: Context<GatewayEnv>, repeat: Repeat): Promise<Response> {
    const decision = decide(repeat.stored, repeat.keys.fingerprint);
    const exchange = c.get("exchange");
    if (decision.record) exchange.span.addLink({ context: decision.record.span });
    switch (decision.action) {
      case "replay":
        return await this.#replay(c, unseal(decision.sealed, repeat.keys.sealKey));
      case "in_use":
        exchange.idempotency = "in_use";
        throw new GatewayError("idempotency_key_in_use", {
          headers: { "retry-after": RETRY_AFTER_S },
        });
      case "reused":
        exchange.idempotency = "reused";
        throw new GatewayError("idempotency_key_reused");
      case "find_out":
        return await this.#findOut(c, repeat, decision);
    }
  }

  async #replay(
    c: Context<GatewayEnv>,
    answer: RememberedAnswer | undefined,
  ): Promise<Response> {
    if (!answer) throw unknownOutcome(c.get("exchange"), LOST_CODE); // the record is damaged
    const { status, headers, content } = answer;
    if ("body" in content) {
      return this.#respond(c, "replayed", { status, headers, body: content.body });
    }
    const reply = await this.#getById(c, content.id);
    return this.#respond(c, "replayed", { status, headers, body: reply.body });
  }

  /** Gets what a large answer described. That it fails says nothing about the first request. */
  async #getById(c: Context<GatewayEnv>, id: string): Promise<UpstreamReply> {
    const exchange = c.get("exchange");
    const resource = RESOURCES[exchange.operation?.id ?? ""];
    if (!resource) throw unknownOutcome(exchange, LOST_CODE);
    const path = `/xms/v1/${exchange.servicePlanId}/${resource.collection}/${id}`;
    const reply = await this.#options.forwarder.lookUp(c, { ...resource, path, query: "" })
      .catch((cause) => {
        throw notFetched(exchange, id, cause);
      });
    if (reply.status === 200) return reply;
    if (!(reply.body instanceof Uint8Array)) void reply.body.cancel();
    throw notFetched(exchange, id);
  }

  async #findOut(
    c: Context<GatewayEnv>,
    { stored, keys, settlements }: Repeat,
    { record, code }: Extract<Decision, { action: "find_out" }>,
  ): Promise<Response> {
    const exchange = c.get("exchange");
    const found = record && await this.#foundBatch(c, stored.ageMs);
    if (!found) throw unknownOutcome(exchange, code);
    const headers = [["content-type", "application/json"]] as const;
    const body = new TextEncoder().encode(JSON.stringify(found));
    const content = body.byteLength > MAX_BUFFERED_BYTES ? { id: found.id } : { body };
    const { token } = stored;
    const { ttlMs, batchMemory } = this.#options;
    batchMemory?.remember(exchange, found, record.span);
    const writer = new RecordWriter({ settlements, keys, token, span: record.span, ttlMs });
    await writer.answered({ status: 201, headers, content });
    return this.#respond(c, "found_out", { status: 201, headers, body });
  }

  /** The batch that the first request created; undefined if that is not certain. */
  async #foundBatch(c: Context<GatewayEnv>, ageMs: number): Promise<ListedBatch | undefined> {
    const { operation, body, servicePlanId } = c.get("exchange");
    const message = operation?.id === "sendBatch" && body ? readMessage(body) : undefined;
    const release = message && this.#lookups.acquire("all");
    if (!release) return undefined;
    const { forwarder, lookupTimeoutMs: timeoutMs } = this.#options;
    const path = `/xms/v1/${servicePlanId}/batches`;
    try {
      return await withTimeout(timeoutMs, "the listing has not ended in time", (signal) => {
        const list = (query: string, timeoutMs: number) =>
          forwarder.lookUp(c, { route: `${PLAN}/batches`, path, query, timeoutMs, signal });
        return findBatch(message, { list, ageMs, timeoutMs });
      });
    } catch {
      return undefined; // the CLIENT span has the reason
    } finally {
      release();
    }
  }

  #respond(
    c: Context<GatewayEnv>,
    outcome: Extract<IdempotencyOutcome, "replayed" | "found_out">,
    reply: UpstreamReply,
  ): Response {
    c.get("exchange").idempotency = outcome;
    return this.#options.forwarder.respond(c, reply);
  }
}

const NOT_SENT_AGAIN =
  "This repeat was not sent: nobody knows whether the first request with this Idempotency-Key was processed. Check with GET /batches, by client_reference; to send the message again all the same is your decision, with a new key.";

/** The answer of the first request, whose outcome is still unknown. */
function unknownOutcome(exchange: Exchange, code: string): GatewayError {
  exchange.idempotency = "unknown";
  const { status = 502, fault = "upstream", processed, meaning = "" } = catalogEntry(code) ?? {};
  return new GatewayError({
    status: status === 504 ? 504 : 502,
    code,
    // An internal error after sending has the code of one before: its meaning is not true here.
    text: processed === "unknown" ? `${meaning} ${NOT_SENT_AGAIN}` : NOT_SENT_AGAIN,
    origin: "gateway",
    fault,
    processed: "unknown",
  });
}

function notFetched(exchange: Exchange, id: string, cause?: unknown): GatewayError {
  exchange.idempotency = "replayed";
  const text =
    `The first request with this Idempotency-Key was processed; its answer was too large to be remembered. ${id} could not be fetched from the SMS API instead. This repeat was not sent; repeat it later.`;
  return new GatewayError("upstream_failed", { text, ...cause !== undefined && { cause } });
}
