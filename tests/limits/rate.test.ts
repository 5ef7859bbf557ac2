import { assert, assertEquals } from "@std/assert";
import { MAX_RATE_KEYS, RateLimiter } from "../../limits/rate.ts";
import { testClock } from "../support/clock.ts";

function limiter(perMinute: number) {
  const clock = testClock(0);
  const rate = new RateLimiter(perMinute, clock.now);
  const taken = (key: string, count: number) =>
    Array.from({ length: count }, () => rate.take(key)).filter((waitMs) => waitMs === 0).length;
  return { clock, rate, taken };
}

for (const perMinute of [1, 7, 120, 1_000]) {
  Deno.test(`of more than ${perMinute} requests at once, so many pass, and as many within a minute`, () => {
    const { clock, taken } = limiter(perMinute);
    assertEquals(taken("a", 2 * perMinute), perMinute);
    clock.advance(60_000);
    assertEquals(taken("a", 2 * perMinute), perMinute);
    clock.advance(30_000);
    assertEquals(taken("a", 2 * perMinute), Math.floor(perMinute / 2));
  });
}

Deno.test("a request that is refused is told when it may come, and then passes", () => {
  const { clock, rate, taken } = limiter(60);
  taken("a", 60);
  const waitMs = rate.take("a");
  assert(waitMs > 0 && waitMs <= 1_000, `${waitMs}`);
  clock.advance(waitMs);
  assertEquals(rate.take("a"), 0);
});

Deno.test("keys do not touch each other, and only so many are remembered", () => {
  const { taken } = limiter(1);
  assertEquals([taken("a", 1), taken("b", 1), taken("a", 1)], [1, 1, 0]);
  for (let key = 0; key < MAX_RATE_KEYS; key++) taken(`${key}`, 1);
  assertEquals(taken("a", 1), 1); // forgotten
});
