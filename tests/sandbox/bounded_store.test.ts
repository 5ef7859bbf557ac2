import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BoundedStore } from "../../sandbox/bounded_store.ts";

Deno.test("a bounded store drops its oldest entries when there are too many", () => {
  const dropped: string[] = [];
  const store = new BoundedStore<string>({
    maxEntries: 2,
    maxWeight: Infinity,
    onDrop: (value) => dropped.push(value),
  });
  for (const id of ["a", "b", "c", "d"]) store.set(id, id.toUpperCase(), 1);
  assertEquals(store.newestFirst(), ["D", "C"]);
  assertEquals(dropped, ["A", "B"]);
  assertEquals(store.get("a"), undefined);
});

Deno.test("a bounded store keeps the newest entry even if it alone exceeds the limit", () => {
  const store = new BoundedStore<string>({ maxEntries: 10, maxWeight: 5 });
  store.set("a", "A", 3);
  store.set("b", "B", 9);
  assertEquals(store.oldestFirst(), ["B"]);
});

Deno.test("a bounded store never exceeds its limits after any sequence of operations", () => {
  const ids = fc.integer({ min: 0, max: 20 }).map(String);
  const step = fc.oneof(
    fc.record({ set: ids, weight: fc.integer({ min: 1, max: 30 }) }),
    fc.record({ delete: ids }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const store = new BoundedStore<number>({ maxEntries: 5, maxWeight: 60 });
    for (const one of steps) {
      if ("set" in one) {
        const isNew = store.get(one.set) === undefined;
        store.set(one.set, one.weight, one.weight);
        if (isNew) assertEquals(store.get(one.set), one.weight);
      } else store.delete(one.delete);
      const kept = store.oldestFirst();
      assertEquals(kept.length <= 5, true);
      assertEquals(kept.length === 1 || kept.reduce((a, b) => a + b, 0) <= 60, true);
    }
  }));
});
