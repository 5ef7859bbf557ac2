import { assertEquals } from "@std/assert";
import { FairTurns } from "../../limits/fair_turns.ts";

/** Takes turns in these lines; returns the order in which those who had to wait began. */
async function orderOf(turns: FairTurns, lines: readonly string[]): Promise<string[]> {
  const began: string[] = [];
  const waits = lines.map((line) => turns.take(line)).map((turn, index) =>
    turn && turn.then(() => void began.push(lines[index] ?? ""))
  );
  for (const _ of lines) {
    turns.end();
    await Promise.resolve();
    await Promise.resolve();
  }
  await Promise.all(waits);
  return began;
}

Deno.test("turns up to the bound are taken without waiting, further ones wait for an end", async () => {
  const turns = new FairTurns({ atOnce: 2, maxWaiting: 10 });
  assertEquals([turns.take("a"), turns.take("a")], [undefined, undefined]);
  let hasBegun = false;
  const third = turns.take("a");
  const begun = Promise.resolve(third).then(() => hasBegun = true);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals(hasBegun, false);
  turns.end();
  await begun;
});

Deno.test("lines take turns, so that a long line delays no other by more than one of its own", async () => {
  const turns = new FairTurns({ atOnce: 1, maxWaiting: 10 });
  turns.take("first");
  const order = await orderOf(turns, ["a", "a", "a", "a", "b", "b", "c"]);
  assertEquals(order, ["a", "b", "c", "a", "b", "a", "a"]);
});

Deno.test("a full line refuses, another one does not, and all turns come back", async () => {
  const turns = new FairTurns({ atOnce: 1, maxWaiting: 2 });
  turns.take("first");
  const waiting = [turns.take("a"), turns.take("a")];
  assertEquals(turns.take("a"), false);
  waiting.push(turns.take("b"));
  for (const _ of [1, ...waiting]) turns.end();
  await Promise.all(waiting);
  assertEquals(turns.take("a"), undefined);
});
