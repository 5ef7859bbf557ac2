import { assert, assertEquals } from "@std/assert";
import { AdaptiveLimiter } from "../../limits/adaptive.ts";

/** A limiter with a fake clock, in ms. */
function limiterAt(ceiling: number) {
  const clock = { now: 0 };
  return { clock, limiter: new AdaptiveLimiter(ceiling, { now: () => clock.now }) };
}

function throttle(limiter: AdaptiveLimiter, clock: { now: number }, retryAfterMs?: number): void {
  const slot = limiter.acquire("plan");
  assert(slot);
  clock.now += 10;
  slot.release({ throttled: true, retryAfterMs });
}

Deno.test("after one 429 the limit is still more than one request", () => {
  const { clock, limiter } = limiterAt(1_000);
  throttle(limiter, clock);
  assertEquals(limiter.limitOf("plan"), 5);
});

Deno.test("after a 429 and two idle minutes a burst of 50 passes", () => {
  const { clock, limiter } = limiterAt(1_000);
  throttle(limiter, clock);
  clock.now += 120_000;
  const slots = Array.from({ length: 50 }, () => limiter.acquire("plan"));
  assertEquals(slots.filter((slot) => slot === undefined).length, 0);
});

Deno.test("the limit recovers one minute after the last 429 and its Retry-After, not earlier", () => {
  const { clock, limiter } = limiterAt(1_000);
  throttle(limiter, clock, 20_000);
  const low = limiter.limitOf("plan");
  clock.now += 19_000;
  assertEquals(limiter.limitOf("plan"), low);
  clock.now += 31_000;
  assert(limiter.limitOf("plan") > low && limiter.limitOf("plan") < 1_000);
  clock.now += 30_000;
  assertEquals(limiter.limitOf("plan"), 1_000);
});

Deno.test("a 429 during the recovery restarts its wait", () => {
  const { clock, limiter } = limiterAt(1_000);
  throttle(limiter, clock);
  clock.now += 59_000;
  throttle(limiter, clock);
  clock.now += 30_000;
  assert(limiter.limitOf("plan") < 1_000);
  clock.now += 30_000;
  assertEquals(limiter.limitOf("plan"), 1_000);
});

Deno.test("a burst of 429s shrinks the limit once, to half of the outstanding requests", () => {
  const { clock, limiter } = limiterAt(1_000);
  const slots = Array.from({ length: 100 }, () => limiter.acquire("plan"));
  clock.now += 10;
  for (const slot of slots) slot?.release({ throttled: true });
  assertEquals(limiter.limitOf("plan"), 50);
});

Deno.test("a limit never exceeds its ceiling, even if the floor is higher", () => {
  const { clock, limiter } = limiterAt(2);
  throttle(limiter, clock);
  assertEquals(limiter.limitOf("plan"), 2);
});

Deno.test("each service plan has its own limit", () => {
  const { clock, limiter } = limiterAt(1_000);
  throttle(limiter, clock);
  assertEquals(limiter.limitOf("another"), 1_000);
});
