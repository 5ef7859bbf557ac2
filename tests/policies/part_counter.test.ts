import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { PartCounter } from "../../policies/part_counter.ts";
import { testSandbox } from "../sandbox/kit.ts";

const RECIPIENT = "46701234567", OTHER = "46701234568";

Deno.test("a binary message, a media message and a truncated text are one part", () => {
  const body = "a".repeat(1_000);
  const parts = (message: object) => new PartCounter({ body, ...message }).partsFor(RECIPIENT);
  assertEquals(parts({}), 7);
  assertEquals(parts({ type: "mt_text" }), 7);
  assertEquals(parts({ type: "mt_binary" }), 1);
  assertEquals(parts({ type: "mt_media", body: { url: "https://a.test/b" } }), 1);
  assertEquals(parts({ truncate_concat: true }), 1);
  assertEquals(parts({ type: "mt_unknown", truncate_concat: "true" }), 7);
  assertEquals(parts({ body: 12345 }), 1);
  assertEquals(parts({ body: undefined }), 1);
});

Deno.test("the most parts are those of the longest text that any recipient gets", () => {
  const parameters = {
    a: { default: "", [RECIPIENT]: "x".repeat(150) },
    b: { default: "y".repeat(20), [OTHER]: "д" },
  };
  const counter = new PartCounter({ body: "${a}${b}${c}", parameters });
  assertEquals(
    [counter.partsFor(RECIPIENT), counter.partsFor(OTHER), counter.partsFor("1"), counter.most()],
    [2, 1, 1, 2],
  );
});

Deno.test("where filling in would be too much work, the parts are an upper bound", () => {
  const parameters = { a: { default: "x".repeat(160), [RECIPIENT]: "y".repeat(1_000_000) } };
  const counter = new PartCounter({ body: "${a}".repeat(1_000), parameters });
  assertEquals(counter.partsFor(OTHER), Math.ceil((4_000 + 1_000 * 1_000_000) / 66));
  const long = new PartCounter({ body: `\${a}${"a".repeat(5_000)}`, parameters: { a: { b: "" } } });
  assertEquals(long.partsFor(OTHER), Math.ceil(5_004 / 66));
  const plain = new PartCounter({ body: "a".repeat(4_001) });
  assertEquals(plain.partsFor(OTHER), Math.ceil(4_001 / 66));
});

Deno.test("the parts are those that the sandbox counts in a dry run: random texts", async () => {
  const { call } = testSandbox();
  const text = fc.string({
    unit: fc.constantFrom(..."ab€д😀{}$ ", "${a}", "${b}"),
    maxLength: 300,
  });
  const value = fc.string({ unit: fc.constantFrom(..."ab€д😀"), maxLength: 160 });
  const values = fc.dictionary(fc.constantFrom("default", `+${RECIPIENT}`, OTHER), value);
  await fc.assert(
    fc.asyncProperty(text, fc.record({ a: values, b: values }), async (body, parameters) => {
      const message = { to: [RECIPIENT, OTHER], body: `a${body}`, parameters };
      const query = "/batches/dry_run?per_recipient=true";
      const { status, body: answer } = await call("POST", query, message);
      if (status !== 200) return;
      const counter = new PartCounter(message);
      for (const { recipient, number_of_parts, body: text } of answer.per_recipient) {
        const parts = counter.partsFor(recipient);
        if (/\$\{[ab]\}/.test(text)) assert(parts >= number_of_parts); // without all values
        else assertEquals(parts, number_of_parts);
      }
    }),
    { numRuns: 300 },
  );
});
