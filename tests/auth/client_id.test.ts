import { assertEquals } from "@std/assert";
import { clientIdOf, loggableClientId } from "../../auth/client_id.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

const REQUESTS: readonly [authorization: string | null, body: string, id: string | undefined][] = [
  [`Basic ${btoa("billing:secret")}`, "grant_type=client_credentials", "billing"],
  [`basic ${btoa("billing:a:b")}`, "", "billing"],
  [`Basic ${btoa("a%3Ab+c:secret")}`, "", "a:b c"],
  [`Basic ${btoa("100%:secret")}`, "", "100%"],
  [`Basic ${btoa("billing:x")}`, "client_id=other", "billing"],
  [null, "grant_type=client_credentials&client_id=billing&client_secret=x", "billing"],
  [null, "client_id=a%20b", "a b"],
  [null, "client_id=one&client_id=two", "one"],
  ["Bearer x", "client_id=billing", "billing"],
  ["Basic !", "client_id=billing", "billing"],
  ["Basic", "", undefined],
  [`Basic ${btoa("secret-without-a-colon")}`, "", undefined],
  [`Basic ${btoa("secret-without-a-colon")}`, "client_id=billing", "billing"],
  [`Basic ${btoa(":secret")}`, "", ""],
  [null, "client_assertion=eyJ", undefined],
  [null, "\xff\0=&&&", undefined],
];

for (const [authorization, body, id] of REQUESTS) {
  Deno.test(`the client id of ${authorization} and ${JSON.stringify(body)} is ${id}`, () => {
    assertEquals(clientIdOf(authorization, bytes(body)), id);
  });
}

Deno.test("only bounded names are logged as client ids, no phone number and no token", () => {
  for (
    const id of [
      "billing",
      "11111111-2222-3333-4444-555555555555",
      "7abc123def",
      "https://app/x",
      "shop-2026-11",
    ]
  ) {
    assertEquals(loggableClientId(id), id);
  }
  const numbers = [
    "46701234567",
    "+46701234567",
    "tel:+46701234567",
    "46-70-123-45-67",
    "shop_4670.123.4567",
    "1234567",
  ];
  for (const id of [...numbers, "eyJhbGciOi.x.y", "", "a b", "ä", "a\nb"]) {
    assertEquals(loggableClientId(id), "REDACTED");
  }
  assertEquals(loggableClientId("x".repeat(129)), "REDACTED");
});
