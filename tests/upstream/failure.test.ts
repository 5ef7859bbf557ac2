import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type CatalogCode, defaultText, OUTCOME_UNKNOWN } from "../../errors/catalog.ts";
import { GatewayError } from "../../errors/gateway_error.ts";
import { failureCode, isIdempotent, toGatewayError } from "../../upstream/failure.ts";
import { TransportError } from "../../upstream/transport.ts";

const CODES: readonly [sent: boolean, TransportError["reason"], CatalogCode][] = [
  [false, "network", "upstream_unreachable"],
  [false, "timeout", "upstream_unreachable"],
  [false, "aborted", "client_closed_request"],
  [false, "invalid_request", "internal_error"],
  [true, "network", "upstream_connection_lost"],
  [true, "timeout", "upstream_timeout"],
  [true, "aborted", "client_closed_request"],
  [true, "invalid_request", "internal_error"],
];

for (const [sent, reason, code] of CODES) {
  Deno.test(`${reason} with ${sent ? "something" : "nothing"} sent is ${code}`, () => {
    assertEquals(failureCode(new TransportError(sent, reason, { cause: undefined })), code);
  });
}

Deno.test("the outcome is called unknown exactly where a request that is not idempotent was sent", () => {
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "POST"]) {
    for (const [sent, reason, code] of CODES) {
      const error = toGatewayError(new TransportError(sent, reason, { cause: "why" }), method);
      assert(error instanceof GatewayError);
      const { text } = error.failure;
      if (sent && method === "POST") assertStringIncludes(text, OUTCOME_UNKNOWN);
      else assertEquals(text, defaultText(code));
      assertEquals([error.failure.origin, error.cause], ["gateway", "why"]);
    }
  }
});

Deno.test("what is no failure of the transport is handed on as it is", () => {
  for (const thrown of [new TypeError("bug"), "bug", undefined]) {
    assertEquals(toGatewayError(thrown, "POST"), thrown);
  }
});

Deno.test("POST and PATCH are not idempotent; GET, HEAD, PUT and DELETE are (RFC 9110 §9.2.2)", () => {
  const idempotent = ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "get"].filter(isIdempotent);
  assertEquals(idempotent, ["GET", "HEAD", "PUT", "DELETE"]);
});
