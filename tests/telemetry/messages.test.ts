import { assertEquals } from "@std/assert";
import { type Failure, gatewayFailure } from "../../errors/gateway_error.ts";
import { messagesOutcome } from "../../telemetry/messages.ts";

const OUTCOMES: readonly (readonly [what: string, failure: Failure | undefined, string])[] = [
  ["a success", undefined, "accepted"],
  [
    "a success whose answer broke off",
    { ...gatewayFailure("upstream_connection_lost"), processed: "yes" },
    "accepted",
  ],
  ["a budget that is used up", gatewayFailure("quota_exceeded"), "over_budget"],
  [
    "a 429 of the API",
    { ...gatewayFailure("quota_exceeded"), origin: "upstream" },
    "not_processed",
  ],
  ["too many requests", gatewayFailure("too_many_requests"), "not_processed"],
  ["an API that is unreachable", gatewayFailure("upstream_unreachable"), "not_processed"],
  ["a timeout", gatewayFailure("upstream_timeout"), "unknown"],
  ["a caller that left", gatewayFailure("client_closed_request"), "unknown"],
];

for (const [what, failure, outcome] of OUTCOMES) {
  Deno.test(`message parts of ${what} count as ${outcome}`, () => {
    assertEquals(messagesOutcome(failure), outcome);
  });
}
