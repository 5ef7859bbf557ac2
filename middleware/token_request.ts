import { parseMediaType } from "@std/media-types/parse-media-type";
import { clientIdOf, loggableClientId } from "../auth/client_id.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { tooManyPerMinute } from "../errors/too_many_requests.ts";
import { TOKEN_PATH } from "../exchange.ts";
import { RateLimiter } from "../limits/rate.ts";
import type { Check } from "./checks.ts";

const FORM = "application/x-www-form-urlencoded";

/** Requests of all clients together, in multiples of those of one. */
const CLIENTS_AT_FULL_RATE = 10;

/** Answers 405 unless the method is POST, and 415 unless a form is sent (RFC 6749 §3.2). */
export function tokenRequest(): Check {
  return function tokenRequest(c) {
    const exchange = c.get("exchange");
    exchange.route = TOKEN_PATH;
    if (exchange.method !== "POST") {
      throw new GatewayError("method_not_allowed", { headers: { allow: "POST" } });
    }
    requireForm(c.req.raw.headers);
  };
}

/**
 * Checks the headers of a token request.
 *
 * @throws {GatewayError} `unsupported_media_type`
 */
export function requireForm(headers: Headers): void {
  const coding = headers.get("content-encoding");
  if (isForm(headers.get("content-type") ?? "") && (!coding || coding === "identity")) return;
  throw new GatewayError("unsupported_media_type", {
    headers: { accept: FORM },
    text: `Send a token request as a form, with Content-Type: ${FORM} and no Content-Encoding.`,
  });
}

/**
 * Answers 429 to a client id with too many requests per minute, and to all while there are ten times
 * as many. Runs after the body was read, which may have the client id.
 */
export function tokenRate(perMinute: number): Check {
  const perClient = new RateLimiter(perMinute);
  const overall = new RateLimiter(CLIENTS_AT_FULL_RATE * perMinute);
  return function tokenRate(c) {
    const exchange = c.get("exchange");
    const { body } = exchange;
    const clientId = clientIdOf(c.req.raw.headers.get("authorization"), body ?? new Uint8Array());
    exchange.tokenRequest = clientId === undefined ? {} : { clientId: loggableClientId(clientId) };
    refuse("client-id", perClient, clientId ?? "");
    refuse("token-requests", overall, "");
  };
}

function refuse(policy: string, limiter: RateLimiter, key: string): void {
  const waitMs = limiter.take(key);
  if (waitMs === 0) return;
  throw tooManyPerMinute(policy, {
    perMinute: limiter.perMinute,
    waitMs,
    text:
      "Too many tokens were asked for. Use a token until it expires, and ask again after Retry-After.",
  });
}

function isForm(type: string): boolean {
  try {
    return parseMediaType(type)[0] === FORM;
  } catch {
    return false;
  }
}
