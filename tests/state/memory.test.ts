import { assert, assertEquals, assertRejects } from "@std/assert";
import { MemoryStore } from "../../state/memory.ts";
import { StateError } from "../../state/store.ts";
import { testClock } from "../support/clock.ts";
import { startProgram } from "../support/process.ts";
import { newClaim, newKey, testConformance } from "./conformance.ts";

testConformance("memory", () => {
  const { now, advance } = testClock(0);
  const store = new MemoryStore({ now });
  return Promise.resolve({ store, advance, close: () => store.close() });
});

Deno.test("the memory store refuses claims when it is full, and evicts no live record", async () => {
  const { now, advance } = testClock(0);
  const store = new MemoryStore({ now, maxBytes: 100_000 });
  const claims: [string, string][] = [];
  const error = await assertRejects(async () => {
    for (;;) {
      const [key, claim] = [newKey(), newClaim({ ttlMs: 60_000 })];
      await store.claim(key, claim);
      claims.push([key, claim.token]);
    }
  }, StateError);
  assertEquals([error.reason, error.maybeDone], ["full", false]);
  assert(claims.length > 50, `${claims.length}`);
  const answer = { value: new Uint8Array(500), settled: true, ttlMs: 60_000 };
  for (const [key, token] of claims) {
    assertEquals(await store.update(key, { token, ...answer }), true);
  }
  await assertRejects(() => store.claim(newKey(), newClaim()), StateError);
  advance(75_000);
  for (const _ of claims) assert((await store.claim(newKey(), newClaim())).claimed);
});

Deno.test("the memory store counts nothing when all its records are released or expired", async () => {
  const { now, advance } = testClock(0);
  const store = new MemoryStore({ now });
  for (let index = 0; index < 1_000; index++) {
    const [key, claim] = [`${index % 10}`, newClaim({ ttlMs: 1_000 * (index % 50) + 1 })];
    await store.claim(key, claim);
    if (index % 3) await store.release(key, claim.token);
    advance(100);
  }
  advance(100_000);
  for (let claims = 0; claims < 3; claims++) {
    const claim = newClaim();
    await store.claim("last", claim);
    await store.release("last", claim.token);
  }
  assertEquals(store.bytes, 0);
});

Deno.test("the memory store lets the process grow by no more than three times what it counts", async () => {
  await using filled = startProgram("tests/state/fill_memory.ts", {});
  const [, factor] = await filled.waitFor(/(\S+) bytes of memory/);
  // Twice is usual: the live heap is what is counted, and V8 lets as much garbage gather.
  assert(Number(factor) < 3, factor);
});
