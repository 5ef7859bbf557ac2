import { assertEquals } from "@std/assert";
import { defaultText } from "../../errors/catalog.ts";
import { type Failure, GatewayError } from "../../errors/gateway_error.ts";

Deno.test("a GatewayError made from a code has the catalog's status and text, and is the gateway's own", () => {
  assertEquals(new GatewayError("overloaded").failure, {
    status: 503,
    code: "overloaded",
    text: defaultText("overloaded"),
    origin: "gateway",
    fault: "gateway",
    processed: "no",
  });
});

Deno.test("a GatewayError takes another text and further headers without changing its status", () => {
  const { failure } = new GatewayError("unauthorized", { text: "why", headers: { a: "b" } });
  assertEquals(failure.status, 401);
  assertEquals([failure.text, failure.headers], ["why", { a: "b" }]);
});

Deno.test("a GatewayError made from an upstream's failure keeps it as it is", () => {
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

Deno.test("a GatewayError has a cause only if one was given, even an undefined one", () => {
  assertEquals("cause" in new GatewayError("overloaded"), false);
  assertEquals("cause" in new GatewayError("overloaded", { cause: undefined }), true);
  assertEquals(new GatewayError("overloaded", { cause: "why" }).cause, "why");
});
