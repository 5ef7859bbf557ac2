import { GatewayError } from "../errors/gateway_error.ts";
import type { CallbackOutcome, Exchange } from "../exchange.ts";
import type { CallbackRefusal } from "../callbacks/authenticity.ts";

/** The same for every reason; a 401 needs a challenge (RFC 9110 §15.5.2). */
const CHALLENGE = 'Basic realm="callbacks"';

/** The 401 of a callback that is not authentic; the reason is for telemetry alone. */
export function callbackRefused(exchange: Exchange, refusal: CallbackRefusal): GatewayError {
  exchange.callback = { ...exchange.callback, outcome: "refused", refusal };
  return new GatewayError("callback_refused", { headers: { "www-authenticate": CHALLENGE } });
}

/** Records what became of a callback. */
export function setOutcome(exchange: Exchange, outcome: CallbackOutcome): void {
  exchange.callback = { ...exchange.callback, outcome };
}
