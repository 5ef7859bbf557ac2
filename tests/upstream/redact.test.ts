import { assertEquals } from "@std/assert";
import { privateTexts, redact } from "../../upstream/redact.ts";

const NUMBERS: readonly [text: string, safe: string][] = [
  ["Invalid MSISDN: 46701234567.", "Invalid MSISDN: [number ending in 567]."],
  ["+46701234567 is bad", "[number ending in 567] is bad"],
  ["+46 70 123 45 67", "[number ending in 567]"],
  ["+1 (202) 555-0199", "[number ending in 199]"],
  ["+1-202-555-0199", "[number ending in 199]"],
  ["to[0]=46701234567", "to[0]=[number ending in 567]"],
  ["'46701234567','46701234568'", "'[number ending in 567]','[number ending in 568]'"],
  ["46701234567,46701234568", "[number ending in 567],[number ending in 568]"],
  ["(46701234567)", "([number ending in 567])"],
];

for (const [text, safe] of NUMBERS) {
  Deno.test(`"${text}" is shown as "${safe}"`, () => assertEquals(redact(text, []), safe));
}

const KEPT = [
  "At most 1600 characters; this one has 123456.",
  "The group 01FC66621VHDBN119Z8PMV1QPU is unknown.",
  "2019-08-24T14:15:22.123Z is in the past",
  "batch 9dfn32n423kljklj234",
  "Expected at most 1000 recipients, got 1001.",
  "",
];

for (const text of KEPT) {
  Deno.test(`"${text}" is shown as it is`, () => assertEquals(redact(text, []), text));
}

Deno.test("tokens are never shown, whole or cut", () => {
  const token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x";
  assertEquals(redact(`bad token ${token}!`, []), "bad token [redacted]!");
  assertEquals(redact(`Bearer ${token.slice(0, 30)}`, []), "Bearer [redacted]");
});

Deno.test("a secret is removed wherever it stands, unless it is too short to be told from words", () => {
  assertEquals(redact("a hunter2 and xhunter2y", ["hunter2"]), "a [redacted] and x[redacted]y");
  assertEquals(redact("an hour", ["an", ""]), "an hour");
  assertEquals(redact("a $& b (.*) c", ["(.*)"]), "a $& b [redacted] c");
});

Deno.test("the private texts of a message are its body, reference and parameters, at any depth", () => {
  const body = new TextEncoder().encode(JSON.stringify({
    from: "sender",
    to: ["46701234567"],
    body: "message",
    client_reference: "reference",
    parameters: { name: { "46701234567": "Ada", default: "you", list: ["deep"] } },
    callback_url: "https://x.test",
  }));
  assertEquals(privateTexts(body), ["message", "reference", "Ada", "you", "deep"]);
});

Deno.test("the private texts of a media message are its parts", () => {
  const body = new TextEncoder().encode(JSON.stringify({ body: { url: "u", message: "m" } }));
  assertEquals(privateTexts(body), ["u", "m"]);
});

Deno.test("what is no JSON object has no private texts", () => {
  for (const body of ["", "null", "[]", "7", '"x"', "{", "\xff"]) {
    assertEquals(privateTexts(new TextEncoder().encode(body)), [], body);
  }
  assertEquals([privateTexts(null), privateTexts(undefined)], [[], []]);
});
