import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  type CatalogCode,
  defaultText,
  OUTCOME_UNKNOWN,
  SAFE_TO_REPEAT,
} from "../../errors/catalog.ts";
import { GatewayError } from "../../errors/gateway_error.ts";
import { failureCode, TransportError } from "../../errors/transport_error.ts";
import { adviceFor, toGatewayError } from "../../upstream/failure.ts";

const CODES: readonly [sent: boolean, TransportError["reason"], CatalogCode][] = [
  [false, "network", "upstream_unreachable"],
  [false, "timeout", "upstream_unreachable"],
  [false, "aborted", "client_closed_request"],
  [false, "invalid_request", "internal_error"],
  [false, "no_descriptor", "overloaded"],
  [true, "network", "upstream_connection_lost"],
  [true, "timeout", "upstream_timeout"],
  [true, "aborted", "client_closed_request"],
  [true, "invalid_request", "internal_error"],
  [true, "no_descriptor", "upstream_connection_lost"],
];

for (const [sent, reason, code] of CODES) {
  Deno.test(`${reason} with ${sent ? "something" : "nothing"} sent is ${code}`, () => {
    assertEquals(failureCode(new TransportError(sent, reason, { cause: undefined })), code);
  });
}

Deno.test("a transport failure is marked as unknown once something was sent, and a POST's text says so", () => {
  for (const method of ["GET", "HEAD", "PUT", "DELETE", "POST"]) {
    for (const [sent, reason, code] of CODES) {
      const error = toGatewayError(new TransportError(sent, reason, { cause: "why" }), method);
      assert(error instanceof GatewayError);
      const { status, text, processed, origin } = error.failure;
      assertEquals([origin, error.cause], ["gateway", "why"]);
      if (sent && method === "POST") assertStringIncludes(text, OUTCOME_UNKNOWN);
      if (sent) assert([499, 502, 504].includes(status), `${status}`);
      if (sent) assertEquals(processed, "unknown");
      else if (reason !== "aborted") assertEquals([processed, text], ["no", defaultText(code)]);
    }
  }
});

Deno.test("an error that is not a TransportError is returned unchanged", () => {
  for (const thrown of [new TypeError("bug"), "bug", undefined]) {
    assertEquals(toGatewayError(thrown, "POST"), thrown);
  }
});

Deno.test("POST and PATCH are not idempotent; GET, HEAD, PUT and DELETE are (RFC 9110 §9.2.2)", () => {
  const idempotent = ["GET", "HEAD", "PUT", "DELETE", "POST", "PATCH", "get"]
    .filter((method) => adviceFor(method) === SAFE_TO_REPEAT);
  assertEquals(idempotent, ["GET", "HEAD", "PUT", "DELETE"]);
});
