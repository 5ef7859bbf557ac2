import { assert, assertEquals } from "@std/assert";
import { OutstandingLimiter } from "../../limits/outstanding.ts";

Deno.test("each key has its own slots, and a released slot is free again", () => {
  const limiter = new OutstandingLimiter(2);
  const [first, second] = [limiter.acquire("a"), limiter.acquire("a")];
  assert(first && second);
  assertEquals([limiter.acquire("a"), limiter.outstanding("a")], [undefined, 2]);
  assert(limiter.acquire("b"));
  first();
  assertEquals(limiter.outstanding("a"), 1);
  assert(limiter.acquire("a"));
});

Deno.test("outstanding requests stay counted, however many other keys are used", () => {
  const limiter = new OutstandingLimiter(1);
  const release = limiter.acquire("stays");
  for (let i = 0; i < 5_000; i++) limiter.acquire(`caller ${i}`)?.();
  assertEquals([limiter.outstanding("stays"), limiter.outstanding("caller 1")], [1, 0]);
  assertEquals(limiter.acquire("stays"), undefined);
  release?.();
  assert(limiter.acquire("stays"));
});
