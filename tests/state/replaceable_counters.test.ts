import { assertEquals } from "@std/assert";
import { MemoryCounters } from "../../state/memory_counters.ts";
import { ReplaceableCounters } from "../../state/replaceable.ts";

const LIMITS = [{ unit: "day", limit: 10 }] as const;

Deno.test("counters that are replaced count no more, and those in their place do", async () => {
  const [before, after] = [new MemoryCounters(), new MemoryCounters()];
  const counters = new ReplaceableCounters(before);
  const used = (of: MemoryCounters) =>
    of.reserveNow("key", { amount: 0, limits: LIMITS }).windows[0]?.used;
  await counters.reserve("key", { amount: 3, limits: LIMITS });
  counters.replace(after);
  const { windows } = await counters.reserve("key", { amount: 4, limits: LIMITS });
  await counters.giveBack("key", 1, windows);
  assertEquals([used(before), used(after)], [3, 3]);
});
