import type { Exchange } from "../exchange.ts";
import { rateLimitHeaders } from "./budget.ts";
import { policyHeaders } from "./policy_mode.ts";

type Header = [name: string, value: string];

/**
 * Adds to the headers of a reply those of the gateway, which replace others of the same name. This
 * is done before the response is made, since Deno answers slower if its headers change afterwards.
 */
export function withOwnHeaders(exchange: Exchange, forwarded: Header[]): Header[] {
  const { requestId, policy, idempotency } = exchange;
  if (policy || isReplay(idempotency)) {
    const own = {
      ...isReplay(idempotency) && { "idempotent-replayed": "true" },
      ...rateLimitHeaders(exchange),
      ...policyHeaders(exchange),
    };
    forwarded = [...forwarded.filter(([name]) => !(name in own)), ...Object.entries(own)];
  }
  forwarded.push(["x-request-id", requestId]);
  return forwarded;
}

/** Whether the answer is that of an earlier request (contract.md §5). */
function isReplay(outcome: Exchange["idempotency"]): boolean {
  return outcome === "replayed" || outcome === "found_out";
}
