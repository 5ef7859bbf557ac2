import { assertEquals, assertThrows } from "@std/assert";
import { Credentials } from "../../upstream/credentials.ts";

const credentials = new Credentials({ "plan-1": "SECRET" });

Deno.test("a credential is returned for its own service plan only", () => {
  assertEquals(credentials.authorization("plan-1"), "Bearer SECRET");
  for (const id of ["plan-2", "", "constructor", "__proto__", "PLAN-1"]) {
    assertEquals(credentials.has(id), false, id);
    assertThrows(() => credentials.authorization(id), Error, "no credential");
  }
});

Deno.test("credentials cannot be printed or serialized by accident", () => {
  const printed = [
    Deno.inspect(credentials, { depth: 10, showHidden: true }),
    JSON.stringify(credentials),
    `${credentials}`,
    JSON.stringify({ ...credentials }),
  ];
  for (const text of printed) assertEquals(text.includes("SECRET"), false, text);
});
