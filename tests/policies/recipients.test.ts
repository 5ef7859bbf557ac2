import { assertEquals } from "@std/assert";
import { readRecipients } from "../../policies/recipients.ts";

Deno.test("recipients are numbers, possible groups, or neither, each once", () => {
  const { numbers, groups, unreadable } = readRecipients(
    ["+46701234567", "0046701234567", 46701234567, "GROUP-1", "GROUP-1", "12345", "０1", [], {}],
    undefined,
    null,
    ["nobody at all", "", null, true],
    "46701234568",
  );
  assertEquals([...numbers], ["46701234567", "46701234568"]);
  assertEquals([...groups], ["GROUP-1"]);
  assertEquals(unreadable, 4);
});

Deno.test("of more entries than the API can allow, the rest counts as unreadable", () => {
  const { numbers, unreadable } = readRecipients(Array(10_003).fill("46701234567"));
  assertEquals([numbers.size, unreadable], [1, 3]);
});
