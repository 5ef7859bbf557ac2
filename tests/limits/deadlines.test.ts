import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { type Deadline, Deadlines, SeparateDeadlines } from "../../limits/deadlines.ts";

for (const Clock of [Deadlines, SeparateDeadlines]) {
  Deno.test(`${Clock.name}: a deadline that is not cleared expires once`, async () => {
    const clock = new Clock();
    const expired: string[] = [];
    const start = (name: string, ms: number) => clock.start(ms, () => expired.push(name));
    start("late", 60);
    const cleared = [start("first", 20), start("between", 40), start("last", 80)];
    start("early", 30);
    for (const deadline of cleared) clock.clear(deadline);
    for (const deadline of cleared) clock.clear(deadline); // clearing twice has no effect
    await delay(150);
    assertEquals(expired.toSorted(), ["early", "late"]);
  });

  Deno.test(`${Clock.name}: a deadline may clear and start others when it expires`, async () => {
    const clock = new Clock();
    const expired: string[] = [];
    const others: Deadline[] = [];
    clock.start(20, () => {
      expired.push("one");
      for (const other of others) clock.clear(other);
      clock.start(20, () => expired.push("another"));
    });
    others.push(clock.start(21, () => expired.push("cleared")));
    others.push(clock.start(60, () => expired.push("cleared")));
    await delay(120);
    assertEquals(expired, ["one", "another"]);
  });
}

Deno.test("Deadlines: clearing some deadlines does not affect the others", async () => {
  const clock = new Deadlines();
  const expired: number[] = [];
  const all = Array.from({ length: 500 }, (_, i) => clock.start(20 + i % 7, () => expired.push(i)));
  const kept = all.map((_, i) => i).filter((i) => i * 7_919 % 3 === 0);
  for (const [i, deadline] of all.entries()) if (!kept.includes(i)) clock.clear(deadline);
  await delay(100);
  assertEquals(expired.toSorted((a, b) => a - b), kept);
});

Deno.test("Deadlines: all pending deadlines can be made to expire early, once", async () => {
  const clock = new Deadlines();
  const expired: string[] = [];
  clock.clear(clock.start(10, () => expired.push("cleared")));
  const second = clock.start(30, (isShutdown) => expired.push(`second ${isShutdown}`));
  clock.start(30, (isShutdown) => {
    expired.push(`first ${isShutdown}`);
    clock.clear(second);
  });
  clock.start(20, (isShutdown) => expired.push(`third ${isShutdown}`));
  clock.expireAll();
  await delay(60);
  assertEquals(expired, ["second true", "first true", "third true"]);
});
