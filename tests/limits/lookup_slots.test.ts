import { assert, assertEquals } from "@std/assert";
import { LookupSlots } from "../../limits/lookup_slots.ts";

Deno.test("one caller cannot take the slots of the others", async () => {
  const slots = new LookupSlots({ total: 3, perCaller: 2 });
  const own = [await slots.acquire("a", 0), await slots.acquire("a", 0)];
  assert(own.every((release) => release !== undefined));
  assertEquals(await slots.acquire("a", 0), undefined);
  const other = await slots.acquire("b", 0);
  assert(other);
  assertEquals(await slots.acquire("b", 0), undefined, "there are three in all");
  other();
  assertEquals(await slots.acquire("a", 0), undefined, "a caller that waits takes no slot of all");
  assert(await slots.acquire("b", 0));
});

Deno.test("a request waits a while for a slot", async () => {
  const slots = new LookupSlots({ total: 1, perCaller: 1 });
  const release = await slots.acquire("a", 0);
  const waiting = slots.acquire("b", 10_000);
  release?.();
  assert(await waiting);
  assertEquals(await slots.acquire("b", 20), undefined);
});
