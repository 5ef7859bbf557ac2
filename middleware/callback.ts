import type { Context } from "hono";
import type { CallbackAuthentication, CallbackSettings } from "../callback_settings.ts";
import { refusalOfBody, refusalOfHead, signatureOf } from "../callbacks/authenticity.ts";
import { type CallbackEvent, readCallback } from "../callbacks/event.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { tooManyRequests } from "../errors/too_many_requests.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { CALLBACK_ROUTE } from "../route_table.ts";
import { memoizeLast } from "../telemetry/memoize_last.ts";
import { callbackRefused, setOutcome } from "./callback_outcome.ts";
import type { CallbackRelaying } from "./callback_relaying.ts";
import type { Check } from "./checks.ts";
import { IncompleteBodyError } from "./request_body_errors.ts";

/** Options of {@linkcode callback}. */
export interface CallbackOptions {
  /** The settings as they are now; they may be replaced as a whole. */
  settings: () => CallbackSettings;
  /** Reads the body, within limits of its own: strangers can send callbacks. */
  readBody: Check;
  relaying: CallbackRelaying;
  /** The time, in ms since the epoch. */
  now: () => number;
}

/** What the path of a callback says. */
export interface CallbackPath {
  readonly servicePlanId: string;
  /** The segment after the service plan. */
  readonly pathSecret: string | undefined;
}

/** Handles a request to the route of callbacks. */
export type CallbackHandler = (c: Context<GatewayEnv>, path: CallbackPath) => Promise<Response>;

const NO_BODY = new Uint8Array();

/**
 * Receives a callback of the SMS API (docs/callbacks.md): authenticates it, and answers 200 once the
 * service that it is for has taken it. Any other answer than 401 and 400 makes the API repeat it.
 */
export function callback(
  { settings: current, readBody, relaying, now }: CallbackOptions,
): CallbackHandler {
  const limiterOf = memoizeLast(({ max_outstanding }: CallbackSettings) =>
    new OutstandingLimiter(max_outstanding)
  );

  /** Returns the release of the slot, which may be called more than once. */
  function acquireSlot(exchange: Exchange, settings: CallbackSettings): () => void {
    let slot = limiterOf(settings).acquire("all");
    if (!slot) {
      setOutcome(exchange, "overloaded");
      throw tooManyRequests("callbacks", settings.max_outstanding);
    }
    const release = () => {
      slot?.();
      slot = undefined;
    };
    exchange.slots.push(release);
    return release;
  }

  /** Checks all that the head proves, reads the body, and checks its signature. */
  async function authenticate(
    c: Context<GatewayEnv>,
    { servicePlanId, pathSecret }: CallbackPath,
    { plans, max_age_s: maxAgeS }: CallbackSettings,
  ): Promise<CallbackAuthentication> {
    const exchange = c.get("exchange");
    const { headers } = c.req.raw;
    const expected = Object.hasOwn(plans, servicePlanId) ? plans[servicePlanId] : undefined;
    if (expected) exchange.servicePlanId = servicePlanId;
    const refusal = refusalOfHead(expected, { headers, pathSecret, nowMs: now(), maxAgeS });
    if (refusal || !expected) throw callbackRefused(exchange, refusal ?? "unknown_plan");
    await readWhole(c);
    const wrong = refusalOfBody(expected, headers, exchange.body ?? NO_BODY);
    if (wrong) throw callbackRefused(exchange, wrong);
    return expected;
  }

  /** The API repeats a callback whose body did not arrive whole, or not in time. */
  async function readWhole(c: Context<GatewayEnv>): Promise<void> {
    try {
      await readBody(c);
    } catch (error) {
      if (!(error instanceof IncompleteBodyError)) throw error;
      const text = "The callback did not arrive whole, or not in time.";
      throw new GatewayError("callback_not_relayed", { text, cause: error });
    }
  }

  return async function callback(c: Context<GatewayEnv>, path: CallbackPath): Promise<Response> {
    const exchange = c.get("exchange");
    const settings = current();
    exchange.route = CALLBACK_ROUTE;
    exchange.callback = {};
    const releaseSlot = acquireSlot(exchange, settings);
    const { hmac } = await authenticate(c, path, settings);
    const nonce = hmac && signatureOf(c.req.raw.headers)?.nonce;
    await relaying.relay(exchange, {
      servicePlanId: path.servicePlanId,
      nonce,
      event: eventOf(exchange),
      body: exchange.body ?? NO_BODY,
      headers: c.req.raw.headers,
      releaseSlot,
      settings,
    });
    const headers = { "x-request-id": exchange.requestId, "content-length": "0" };
    return new Response(null, { status: 200, headers });
  };
}

/** The API sends JSON only: what is none is refused for good. */
function eventOf(exchange: Exchange): CallbackEvent {
  const event = readCallback(exchange.body ?? NO_BODY);
  if (event) return event;
  setOutcome(exchange, "malformed");
  throw new GatewayError("syntax_invalid_json", { text: "The callback is not a JSON object." });
}
