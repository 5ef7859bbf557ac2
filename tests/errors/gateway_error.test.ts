import { assert, assertEquals } from "@std/assert";
import { AuthRefusal } from "../../errors/auth_refusal.ts";
import { defaultText } from "../../errors/catalog.ts";
import { type Failure, GatewayError } from "../../errors/gateway_error.ts";

Deno.test("a GatewayError of a code has the catalog's status and text, and the origin gateway", () => {
  assertEquals(new GatewayError("overloaded").failure, {
    status: 503,
    code: "overloaded",
    text: defaultText("overloaded"),
    origin: "gateway",
    fault: "gateway",
    processed: "no",
  });
});

Deno.test("a GatewayError accepts another text and further headers, and keeps its status", () => {
  const { failure } = new GatewayError("unauthorized", { text: "why", headers: { a: "b" } });
  assertEquals(failure.status, 401);
  assertEquals([failure.text, failure.headers], ["why", { a: "b" }]);
});

Deno.test("a GatewayError of an upstream failure keeps it unchanged", () => {
  const failure: Failure = {
    status: 418,
    code: "TEAPOT",
    text: "short",
    origin: "upstream",
    fault: "caller",
    processed: "no",
  };
  assertEquals(new GatewayError(failure).failure, failure);
});

Deno.test("a GatewayError has a cause exactly if one was given, even undefined", () => {
  assertEquals("cause" in new GatewayError("overloaded"), false);
  assertEquals("cause" in new GatewayError("overloaded", { cause: undefined }), true);
  assertEquals(new GatewayError("overloaded", { cause: "why" }).cause, "why");
});

Deno.test("a GatewayError is an Error with the code as message, and its subclasses are both", () => {
  for (const error of [new GatewayError("overloaded"), new AuthRefusal("missing")]) {
    assert(error instanceof Error);
    assert(error instanceof GatewayError);
    assertEquals(String(error), `GatewayError: ${error.failure.code}`);
  }
});
