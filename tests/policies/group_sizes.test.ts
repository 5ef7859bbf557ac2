import { assertEquals } from "@std/assert";
import { countryOf } from "../../policies/country_of.ts";
import { GroupSizes, MAX_GROUP_CACHE_BYTES, NO_GROUP, sizeOf } from "../../policies/group_sizes.ts";

Deno.test("members are counted by country, and nothing but counts is kept", () => {
  const size = sizeOf(["46701234567", "+46701234568", "4740612345", "881612345678"], countryOf);
  assertEquals(size, { members: 4, countries: new Map([["SE", 2], ["NO", 1], ["", 1]]) });
  assertEquals(sizeOf(["46701234567"], undefined)?.countries, new Map([["", 1]]));
  assertEquals(sizeOf([], countryOf)?.members, 0);
  for (const other of [{ members: [] }, null, "46701234567", undefined]) {
    assertEquals(sizeOf(other, countryOf), undefined);
  }
});

Deno.test("a member that is neither a text nor a number counts, without a country", () => {
  const deep = JSON.parse("[".repeat(50_000) + "]".repeat(50_000));
  const odd = [{ toString: 1 }, deep, null, true, ["46701234567"]];
  assertEquals(sizeOf(odd, countryOf), { members: 5, countries: new Map([["", 5]]) });
});

Deno.test("the sizes of a plan are forgotten, also one that is set later by who began before", () => {
  const sizes = new GroupSizes();
  const size = { members: 1, countries: new Map() };
  const before = sizes.ofPlan("plan-1", "live");
  before.set("a", size);
  sizes.ofPlan("plan-2", "live").set("a", size);
  sizes.forget("plan-1");
  before.set("b", size);
  const now = sizes.ofPlan("plan-1", "live");
  assertEquals([now.get("a"), now.get("b")], [undefined, undefined]);
  assertEquals(sizes.ofPlan("plan-2", "live").get("a"), size);
});

Deno.test("a size is remembered for one minute, and that there is no group for five seconds", () => {
  let nowMs = 1;
  const sizes = new GroupSizes(() => nowMs).ofPlan("plan-1", "live");
  sizes.set("none", NO_GROUP);
  nowMs += 5_001;
  assertEquals(sizes.get("none"), undefined);
  const size = { members: 1, countries: new Map() };
  sizes.set("a", size);
  nowMs += 59_999;
  assertEquals(sizes.get("a"), size);
  nowMs += 2;
  assertEquals(sizes.get("a"), undefined);
});

Deno.test("sizes of any number of groups use a bounded amount of memory", () => {
  const sizes = new GroupSizes().ofPlan("plan-1", "live");
  const size = { members: 1, countries: new Map([["SE", 1]]) };
  for (let i = 0; i < 10_000; i++) sizes.set(`${i}`, size);
  const kept = Array.from({ length: 10_000 }, (_, i) => sizes.get(`${i}`)).filter(Boolean);
  assertEquals(kept.length < MAX_GROUP_CACHE_BYTES / 400, true);
  assertEquals(sizes.get("9999"), size);
});
