import type { Context } from "hono";
import { toFailure, toResponse, type ToResponseOptions } from "../errors/to_response.ts";
import type { Exchange, GatewayEnv } from "../exchange.ts";
import { policyHeaders } from "../middleware/policy_mode.ts";

/** Renders an error, and stores it in the exchange for span, log and metrics. */
export function refuse(
  c: Context<GatewayEnv>,
  thrown: unknown,
  options: ToResponseOptions,
): Response {
  const exchange: Exchange | undefined = c.get("exchange");
  const failure = toFailure(thrown, { sent: (exchange?.attempts.length ?? 0) > 0 });
  if (!exchange) return toResponse(failure, c.get("requestId"), options);
  exchange.failure = failure;
  exchange.thrown = thrown;
  const headers = { ...failure.headers, ...policyHeaders(exchange) };
  return toResponse({ ...failure, headers }, exchange.requestId, options);
}
