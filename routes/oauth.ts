import type { Hono } from "hono";
import type { TokenEndpointConfig } from "../config.ts";
import { GatewayError } from "../errors/gateway_error.ts";
import { type GatewayEnv, TOKEN_PATH } from "../exchange.ts";
import { ByteBudget } from "../limits/byte_budget.ts";
import { OutstandingLimiter } from "../limits/outstanding.ts";
import { checks } from "../middleware/checks.ts";
import { requestBody, type RequestBodyOptions } from "../middleware/request_body.ts";
import { tokenForward, type TokenForwardOptions } from "../middleware/token_forward.ts";
import { requireForm, tokenRate, tokenRequest } from "../middleware/token_request.ts";
import { validHost } from "../middleware/valid_host.ts";

/** Largest token request, in bytes; those with a client assertion have 2 KB. */
const MAX_TOKEN_REQUEST_BYTES = 16 * 1024;

/** Memory for the token requests of all callers, in bytes: those of 128 that are read slowly. */
const MAX_HELD_TOKEN_REQUEST_BYTES = 2 * 1024 * 1024;

/** Requests that wait for the issuer, in all: nobody has shown a token yet. */
const MAX_TOKEN_REQUESTS = 64;

/** Options of {@linkcode mountTokenEndpoint}. */
export type TokenEndpointOptions =
  & Omit<TokenForwardOptions, "url" | "parameters" | "timeoutMs">
  & Pick<RequestBodyOptions, "isStopping" | "onUnreadBody" | "onBody" | "isCuttingOff">
  & { bodyDeadlines?: RequestBodyOptions["deadlines"]; bodyTimeoutMs: number };

/**
 * Mounts `POST /oauth2/token`, which is passed to the company's own issuer (contract.md §8): an SDK
 * in OAuth mode then needs no other host. The gateway issues nothing, and stores nothing of it.
 */
export function mountTokenEndpoint(
  app: Hono<GatewayEnv>,
  { perMinute, ...endpoint }: TokenEndpointConfig,
  { bodyDeadlines, bodyTimeoutMs, ...options }: TokenEndpointOptions,
): void {
  const waiting = new OutstandingLimiter(MAX_TOKEN_REQUESTS);
  const forward = tokenForward({ ...options, ...endpoint });
  app.all(
    TOKEN_PATH,
    checks(
      validHost(),
      tokenRequest(), // 405 and 415
      requestBody({
        ...options,
        deadlines: bodyDeadlines,
        maxBytes: MAX_TOKEN_REQUEST_BYTES,
        held: new ByteBudget(MAX_HELD_TOKEN_REQUEST_BYTES),
        timeoutMs: bodyTimeoutMs,
        requireType: requireForm,
      }),
      tokenRate(perMinute),
    ),
    async (c) => {
      const release = waiting.acquire("all");
      if (!release) throw new GatewayError("overloaded");
      c.get("exchange").slots.push(release);
      return await forward(c);
    },
  );
}
