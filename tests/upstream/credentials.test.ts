import { assertEquals, assertThrows } from "@std/assert";
import { INVALID_SPAN_CONTEXT, trace } from "@opentelemetry/api";
import { testCredentials } from "../support/credentials.ts";

const waiter = { span: trace.wrapSpanContext(INVALID_SPAN_CONTEXT), deadline: 0 };
const credentials = testCredentials({ "plan-1": "SECRET" });
const clients = testCredentials({ "project-1": { key_id: "key", key_secret: "SECRET" } });

Deno.test("a credential is returned for its own service plan only", () => {
  assertEquals(credentials.of("plan-1").authorization(waiter), "Bearer SECRET");
  for (const id of ["plan-2", "", "constructor", "__proto__", "PLAN-1"]) {
    assertEquals(credentials.has(id), false, id);
    assertThrows(() => credentials.of(id), Error, "no credential");
  }
});

Deno.test("credentials cannot be printed or serialized by accident", () => {
  for (const secret of [credentials, credentials.of("plan-1"), clients, clients.of("project-1")]) {
    const printed = [
      Deno.inspect(secret, { depth: 10, showHidden: true }),
      JSON.stringify(secret),
      `${secret}`,
      JSON.stringify({ ...secret }),
    ];
    for (const text of printed) assertEquals(text.includes("SECRET"), false, text);
  }
});
