import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { measure, truncate } from "../../policies/message_parts.ts";

const CASES: [what: string, text: string, encoding: "text" | "unicode", parts: number][] = [
  ["nothing", "", "text", 1],
  ["160 septets", "a".repeat(160), "text", 1],
  ["161 septets", "a".repeat(161), "text", 2],
  ["2 × 153 septets", "a".repeat(306), "text", 2],
  ["one septet more", "a".repeat(307), "text", 3],
  ["an extension character as the 159th and 160th septet", "a".repeat(158) + "€", "text", 1],
  ["an extension character that needs a 161st", "a".repeat(159) + "€", "text", 2],
  ["80 extension characters", "[".repeat(80), "text", 1],
  ["81 extension characters", "]".repeat(81), "text", 2],
  ["an escape that may not be parted", "a".repeat(152) + "~" + "a".repeat(152), "text", 3],
  ["every accent of the alphabet", "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà", "text", 1],
  ["a cedilla that GSM lacks", "ç", "unicode", 1],
  ["typographic quotes", "“hi”", "unicode", 1],
  ["70 units", "д".repeat(70), "unicode", 1],
  ["71 units", "д".repeat(71), "unicode", 2],
  ["2 × 67 units", "д".repeat(134), "unicode", 2],
  ["one unit more", "д".repeat(135), "unicode", 3],
  ["35 surrogate pairs", "😀".repeat(35), "unicode", 1],
  ["36 surrogate pairs", "😀".repeat(36), "unicode", 2],
  [
    "a surrogate pair at a part boundary, which is not split",
    "д".repeat(66) + "😀" + "д".repeat(66),
    "unicode",
    3,
  ],
];

Deno.test("parts counts SMS by the API's reference and 3GPP TS 23.038", async (t) => {
  for (const [what, text, encoding, parts] of CASES) {
    await t.step(what, () => assertEquals(measure(text), { encoding, parts }));
  }
});

Deno.test("parts is at least the length divided by the capacity, and not much more", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 900 }), (text) => {
    const { encoding, parts } = measure(text);
    if (encoding === "text") return;
    const least = text.length <= 70 ? 1 : Math.ceil(text.length / 67);
    const most = text.length <= 70 ? 1 : Math.ceil(text.length / 66);
    assertEquals(least <= parts && parts <= most, true);
  }));
});

Deno.test("parts truncates any text to one SMS without splitting a character", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 400 }), (text) => {
    const short = truncate(text);
    assertEquals(measure(short).parts, 1);
    assertEquals(text.startsWith(short), true);
    assertEquals(short.isWellFormed(), true);
    if (measure(text).parts === 1) assertEquals(short, text);
  }));
});
