import { RETRIES_MS } from "../callbacks/batch_lifetime.ts";
import type { BatchRecord } from "../callbacks/batch_record.ts";
import type { CallbackSettings, RelaySettings } from "../callback_settings.ts";
import { doOnce, type DoOnceOptions, type OnceResult } from "../callbacks/claims.ts";
import type { CallbackEvent } from "../callbacks/event.ts";
import { RecordKeys } from "../callbacks/record_keys.ts";
import type { Relay } from "../callbacks/relay.ts";
import { chooseRelay } from "../callbacks/relay_choice.ts";
import type { SentBatches } from "../callbacks/sent_batches.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { tooManyRequests } from "../errors/too_many_requests.ts";
import type { CallbackOutcome, CallbackReport, Exchange } from "../exchange.ts";
import { StateError } from "../state/store.ts";
import { memoizeLast } from "../telemetry/memoize_last.ts";
import { callbackRefused, setOutcome } from "./callback_outcome.ts";
import { ServiceSlots } from "./service_slots.ts";

/** Options of {@linkcode CallbackRelaying}. */
export interface CallbackRelayingOptions extends Pick<DoOnceOptions, "store" | "done"> {
  batches: SentBatches;
  /** Deadline of an operation on the store, in ms. */
  stateTimeoutMs: number;
  relay: Relay;
  /** Memory for the bodies of all callbacks, in bytes. */
  maxBytes: number;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/** An authentic callback. */
export interface AuthenticCallback {
  readonly servicePlanId: string;
  /** Undefined where callbacks are not signed. */
  readonly nonce: string | undefined;
  readonly event: CallbackEvent;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Headers;
  /** Releases the slot of a received callback: while it is relayed, it has one of its service. */
  readonly releaseSlot: () => void;
  /** The settings when it was received. */
  readonly settings: CallbackSettings;
}

/** Operations on the store between the claim of a nonce and its settlement. */
const STORE_OPERATIONS = 6;

/** For work that is not counted otherwise, in ms. */
const LEASE_MARGIN_MS = 500;

/** Why a callback is not relayed now; the API sends it again. */
type Reason = Extract<
  CallbackOutcome,
  "under_way" | "not_taken" | "no_relay" | "too_early" | "unavailable"
>;

/** Relays callbacks once: what a service has taken is not relayed again. */
export class CallbackRelaying {
  readonly #options: CallbackRelayingOptions;
  /** Derived from the settings, anew when they are replaced. */
  readonly #derived = memoizeLast(({ hash_key, relays, max_outstanding }: CallbackSettings) => ({
    keys: new RecordKeys(hash_key),
    services: new ServiceSlots({
      maxOutstanding: max_outstanding,
      maxBytes: this.#options.maxBytes / (relays.length + 1), // one part is left for what arrives
    }),
  }));

  constructor(options: CallbackRelayingOptions) {
    this.#options = options;
  }

  /**
   * Resolves once a service has taken the callback, now or before.
   *
   * @throws {GatewayError} 503 or 429 if the API is to repeat it, 401 for a nonce that was used
   */
  async relay(exchange: Exchange, callback: AuthenticCallback): Promise<void> {
    const { batchId } = callback.event;
    if (batchId !== undefined) exchange.batchId = batchId;
    exchange.callback = { report: reportOf(callback.event, undefined) };
    try {
      await this.#withNonce(exchange, callback);
    } catch (error) {
      throw error instanceof StateError ? notRelayed(exchange, "unavailable", error) : error;
    }
  }

  /** A nonce is used once a service has taken its callback: the API may repeat others unchanged. */
  async #withNonce(exchange: Exchange, callback: AuthenticCallback): Promise<void> {
    const { nonce, settings } = callback;
    if (nonce === undefined) return await this.#relayOnce(exchange, callback);
    const { keys } = this.#derived(settings);
    // A signature is accepted from max_age_s before its time until max_age_s after it.
    const ttlMs = 2_000 * settings.max_age_s + this.#leaseMs(settings);
    const result = await this.#once(
      keys.nonce(nonce),
      { settings, ttlMs },
      () => this.#relayOnce(exchange, callback),
    );
    if (result === "done_before") throw callbackRefused(exchange, "replayed");
    if (result === "under_way") throw notRelayed(exchange, "under_way");
  }

  async #relayOnce(exchange: Exchange, callback: AuthenticCallback): Promise<void> {
    const { event, servicePlanId, settings } = callback;
    const { keys } = this.#derived(settings);
    const relay = await this.#chooseRelay(exchange, callback);
    const result = await this.#once(
      keys.event(servicePlanId, event.identity),
      { settings, ttlMs: RETRIES_MS },
      () => this.#send(exchange, relay, callback),
    );
    if (result === "under_way") throw notRelayed(exchange, "under_way");
    setOutcome(exchange, result === "done" ? "relayed" : "duplicate");
  }

  /** Finds the send of the batch, links its span, and chooses the service. */
  async #chooseRelay(
    exchange: Exchange,
    { event, servicePlanId, settings }: AuthenticCallback,
  ): Promise<RelaySettings> {
    const nowMs = this.#options.now();
    const batch = await this.#batchOf(event, { servicePlanId, settings });
    if (batch) exchange.span.addLink({ context: batch.span });
    exchange.callback = { report: reportOf(event, batch && { ...batch, nowMs }) };
    const choice = chooseRelay(settings, event, { batch, nowMs });
    if (typeof choice === "string") throw notRelayed(exchange, choice);
    exchange.callback.relay = choice.relay.name;
    return choice.relay;
  }

  async #batchOf(
    { batchId }: CallbackEvent,
    { servicePlanId, settings }: Pick<AuthenticCallback, "servicePlanId" | "settings">,
  ): Promise<BatchRecord | undefined> {
    if (batchId === undefined) return undefined;
    const { keys } = this.#derived(settings);
    return await this.#options.batches.find(keys.batch(servicePlanId, batchId));
  }

  async #send(
    exchange: Exchange,
    relay: RelaySettings,
    { event, servicePlanId, settings, body, headers: received, releaseSlot }: AuthenticCallback,
  ): Promise<void> {
    const { keys, services } = this.#derived(settings);
    const release = services.acquire(relay.name, body.buffer.byteLength);
    if (!release) {
      setOutcome(exchange, "overloaded");
      throw tooManyRequests("callbacks-of-service", settings.max_outstanding);
    }
    releaseSlot();
    const { requestId, span } = exchange;
    const webhookId = keys.webhookId(servicePlanId, event.identity);
    const timeoutMs = settings.relay_timeout_ms;
    const callback = { webhookId, body, received, requestId, span, timeoutMs };
    const { attempt, thrown } = await this.#options.relay.send(relay, callback).finally(release);
    if (exchange.callback) exchange.callback.attempt = attempt;
    const { status = 0 } = attempt;
    if (status < 200 || status > 299) throw notRelayed(exchange, "not_taken", thrown);
  }

  #once(
    key: string,
    { settings, ttlMs }: { settings: CallbackSettings; ttlMs: number },
    work: () => Promise<void>,
  ): Promise<OnceResult> {
    const { store, done } = this.#options;
    return doOnce(key, { store, done, leaseMs: this.#leaseMs(settings), ttlMs }, work);
  }

  /** Longest time for the attempt and the operations on the store around it. */
  #leaseMs({ relay_timeout_ms }: CallbackSettings): number {
    return relay_timeout_ms + STORE_OPERATIONS * this.#options.stateTimeoutMs + LEASE_MARGIN_MS;
  }
}

function reportOf(
  { type, statuses, isOfRecipient, atMs }: CallbackEvent,
  send: { sentAtMs: number; isTest: boolean; nowMs: number } | undefined,
): CallbackReport {
  const since = (ms: number | undefined) =>
    send && ms !== undefined ? Math.max(0, ms - send.sentAtMs) : undefined;
  return {
    type,
    statuses,
    isTest: send?.isTest ?? false,
    sinceSendMs: since(send?.nowMs),
    deliveryMs: isOfRecipient ? since(atMs ?? send?.nowMs) : undefined,
  };
}

/** 503: the API sends the callback again, for nearly two days. */
function notRelayed(exchange: Exchange, reason: Reason, cause?: unknown): GatewayError {
  setOutcome(exchange, reason);
  return new GatewayError("callback_not_relayed", cause === undefined ? {} : { cause });
}
