import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseKey } from "../../idempotency/key.ts";

const KEYS: readonly [value: string, key: string | undefined][] = [
  ["8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"],
  ['"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"],
  ['"a \\"quoted\\" \\\\ key"', 'a "quoted" \\ key'],
  ["a,b;c=d (e) ?1 :x:", "a,b;c=d (e) ?1 :x:"],
  ['a"b', 'a"b'],
  ["a".repeat(255), "a".repeat(255)],
  [`"${"a".repeat(255)}"`, "a".repeat(255)],
  [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  ["a".repeat(256), undefined],
  [`"${"a".repeat(256)}"`, undefined],
  ["", undefined],
  ['""', undefined],
  ['"', undefined],
  ['"a', undefined],
  ['"a" ', undefined],
  ['"a";b=1', undefined],
  ['"a", "a"', undefined],
  ["k-1, k-1", undefined],
  ['a, "a"', undefined],
  ["a, ", undefined],
  ['"k-1, k-1"', "k-1, k-1"],
  ["a,b, c", undefined],
  ["a ,b", "a ,b"],
  ['"a\\b"', undefined],
  ["k\u00e4y", undefined],
  ["a\tb", undefined],
  ["a\u007f", undefined],
];

Deno.test("parseKey accepts 1 to 255 printable ASCII characters, quoted or bare", () => {
  for (const [value, key] of KEYS) assertEquals(parseKey(value), key, value.slice(0, 40));
});

Deno.test("a quoted key names the same as the bare one", () => {
  const printable = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 255 })
    .filter((key) => !key.startsWith('"') && !key.includes(", "));
  fc.assert(fc.property(printable, (key) => {
    const quoted = `"${key.replace(/["\\]/g, "\\$&")}"`;
    assertEquals(parseKey(quoted), key);
    assertEquals(parseKey(key), key);
  }));
});
