import type { Context } from "hono";
import { catalogEntry, OUTCOME_UNKNOWN, OUTCOME_UNKNOWN_WITH_KEY } from "../errors/catalog.ts";
import { type Failure, GatewayError, type GatewayErrorOptions } from "../errors/gateway_error.ts";
import { toFailure } from "../errors/to_response.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { RecordWriter } from "../idempotency/record_writer.ts";
import { deriveKeys, type RequestKeys } from "../idempotency/request_keys.ts";
import { readIdOf } from "../idempotency/resource_id.ts";
import type { Settlements } from "../idempotency/settlements.ts";
import { type ClaimResult, StateError } from "../state/store.ts";
import type { UpstreamReply } from "../upstream/transport.ts";
import type { BatchMemory } from "./batch_memory.ts";
import type { Forwarder } from "./forward.ts";
import {
  type IdempotencyKey,
  idempotencyKey,
  type IdempotencyKeyOptions,
} from "./idempotency_key.ts";
import { isTest } from "./policy_mode.ts";
import { isReplayedById, Repeats } from "./repeats.ts";
import type { Send } from "./undo.ts";

/** Options of {@linkcode idempotency}. */
export interface IdempotencyOptions extends IdempotencyKeyOptions {
  /** Absent where no store lasts; requests with a key are then refused. */
  settlements: Settlements | undefined;
  /** How long a key is remembered, in ms. */
  ttlMs: number;
  /** Longest time from a claim to the answer of the API, in ms. */
  leaseMs: number;
  /** Longest time for finding out what became of an earlier request, in ms. */
  lookupTimeoutMs: number;
  forwarder: Forwarder;
  /** Remembers batches that were found out; default: nothing is remembered. */
  batchMemory?: BatchMemory | undefined;
  /** The checks after the claim, then `forwarder.send`; runs `undo` if nothing was processed. */
  send: Send;
}

/** Headers of an answer that are needed to read its body. */
const REMEMBERED_HEADERS: ReadonlySet<string> = new Set(["content-type", "content-encoding"]);

const NO_BODY = new Uint8Array();

/** On Workers: isolates come and go, and there are no sockets to Redis. */
const NO_STORE =
  "This deployment has no store that outlives a request, so it cannot keep the promise of an Idempotency-Key; nothing was sent. Use a gateway on Deno or Node, or send without a key, which is sent as often as it is repeated.";

/**
 * Sends a POST with an idempotency key once, whoever repeats it on whichever instance (contract.md
 * §5). The key is claimed in the store before anything is sent. Requests without a key are sent as
 * they are.
 */
export function idempotency(
  options: IdempotencyOptions,
): (c: Context<GatewayEnv>) => Promise<Response> {
  const { forwarder, send, leaseMs, ttlMs } = options;
  const repeats = new Repeats(options);

  async function sendWithoutKey(c: Context<GatewayEnv>): Promise<Response> {
    return forwarder.respond(c, await send(c));
  }

  async function sendOnce(c: Context<GatewayEnv>, key: IdempotencyKey): Promise<Response> {
    const exchange = c.get("exchange");
    const { settlements } = options;
    if (!settlements) throw unavailable(exchange, { text: NO_STORE });
    const keys = keysOf(exchange, key);
    const span = exchange.span.spanContext();
    const token = crypto.randomUUID();
    const record = new RecordWriter({ settlements, keys, token, span, ttlMs });
    const claim = await claimed(exchange, record);
    if (!claim.claimed) {
      return await repeats.respond(c, { stored: claim.record, keys, settlements });
    }
    exchange.idempotency = "first";
    const reply = await sendClaimed(c, record);
    return forwarder.respond(c, remembered(exchange, reply, record));
  }

  async function claimed(exchange: Exchange, record: RecordWriter): Promise<ClaimResult> {
    try {
      return await record.claim(leaseMs);
    } catch (error) {
      throw error instanceof StateError ? unavailable(exchange, { cause: error }) : error;
    }
  }

  /** Sends the first request. `send` releases the key if it was not processed (undo.ts). */
  async function sendClaimed(
    c: Context<GatewayEnv>,
    record: RecordWriter,
  ): Promise<UpstreamReply> {
    c.get("exchange").undo.push(() => record.release());
    try {
      return await send(c);
    } catch (error) {
      const failure = toFailure(error, { sent: c.get("exchange").attempts.length > 0 });
      if (failure.processed === "no") throw error;
      await record.unknown(storedCode(failure));
      const text = failure.text.replace(OUTCOME_UNKNOWN, OUTCOME_UNKNOWN_WITH_KEY);
      const cause = error instanceof GatewayError ? error.cause : error;
      throw new GatewayError({ ...failure, text }, cause === undefined ? {} : { cause });
    }
  }

  return function idempotency(c) {
    const key = idempotencyKey(c.get("exchange"), c.req.raw.headers, options);
    return key ? sendOnce(c, key) : sendWithoutKey(c);
  };
}

/** A code that the API chose may hold anything, and is stored in the clear: it is replaced. */
function storedCode({ code }: Failure): string {
  const isOwn = catalogEntry(code)?.processed === "unknown" || code === "internal_error";
  return isOwn ? code : "upstream_failed";
}

/** Remembers a success, without a delay for its caller; a large one by the id in its body. */
function remembered(
  exchange: Exchange,
  reply: UpstreamReply,
  record: RecordWriter,
): UpstreamReply {
  const { status, body } = reply;
  const headers = reply.headers.filter(([name]) => REMEMBERED_HEADERS.has(name));
  if (body instanceof Uint8Array) {
    void record.answered({ status, headers, content: { body } });
    return reply;
  }
  if (!isReplayedById(exchange)) {
    // A dry run has no effect, so it is asked again. Delivery feedback is documented without a body.
    if (exchange.operation?.id === "dryRun") void record.release();
    else void record.unknown("upstream_connection_lost");
    return reply;
  }
  return {
    ...reply,
    body: readIdOf(body, (id) => {
      if (id === undefined) void record.unknown("upstream_connection_lost");
      else void record.answered({ status, headers, content: { id } });
    }),
  };
}

function keysOf(exchange: Exchange, key: IdempotencyKey): RequestKeys {
  const { principal, servicePlanId, operation, method, rawPath, rawQuery, body } = exchange;
  if (!principal || !servicePlanId || !operation) throw new Error("not authenticated");
  return deriveKeys(
    {
      issuer: principal.issuer,
      subject: principal.subject,
      servicePlanId,
      operation: operation.id,
      isTest: isTest(exchange),
      ...key,
    },
    { method, path: rawPath, query: rawQuery, body: body ?? NO_BODY },
  );
}

function unavailable(exchange: Exchange, options: GatewayErrorOptions): GatewayError {
  exchange.idempotency = "unavailable";
  return new GatewayError("idempotency_unavailable", options);
}
