import type { Exchange } from "../exchange.ts";

/** Whether the requests of the caller go to the test API, and never to the SMS API. */
export function isTest({ policy }: Pick<Exchange, "policy">): boolean {
  return policy?.policy.mode === "test";
}

/** Response headers by which a caller sees that nothing was really sent. */
export function policyHeaders(exchange: Exchange): Record<string, string> {
  return isTest(exchange) ? { "x-policy-mode": "test" } : {};
}
