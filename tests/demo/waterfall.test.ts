import { assertEquals } from "@std/assert";
import { waterfall } from "../../demo/waterfall.ts";
import { ONE_ATTEMPT, record, recording, type SpanPlan } from "./kit.ts";

/** The waterfall of a trace. */
function drawn(plan: SpanPlan) {
  const { store, tracer } = recording();
  record(tracer, plan);
  return waterfall(store.list()[0]?.spans ?? []);
}

Deno.test("a request and its attempts are drawn to scale, each attempt below the request", () => {
  const { startedAtMs, durationMs, bars } = drawn({
    name: "server",
    from: 100,
    to: 300,
    children: [
      { name: "second attempt", from: 250, to: 300 },
      { name: "first attempt", from: 110, to: 120 },
    ],
  });
  assertEquals([startedAtMs, durationMs], [1_800_000_000_100, 200]);
  assertEquals(bars.map(({ span, ...bar }) => ({ name: span.name, ...bar })), [
    { name: "server", depth: 0, offsetMs: 0, durationMs: 200, start: 0, length: 1 },
    { name: "first attempt", depth: 1, offsetMs: 10, durationMs: 10, start: .05, length: .05 },
    { name: "second attempt", depth: 1, offsetMs: 150, durationMs: 50, start: .75, length: .25 },
  ]);
});

Deno.test("a span follows its parent, not the spans that started before it", () => {
  const { bars } = drawn({
    name: "a",
    from: 0,
    to: 100,
    children: [
      { name: "b", from: 10, to: 90, children: [{ name: "b1", from: 60, to: 70 }] },
      { name: "c", from: 50, to: 55 },
    ],
  });
  assertEquals(bars.map(({ span, depth }) => [span.name, depth]), [
    ["a", 0],
    ["b", 1],
    ["b1", 2],
    ["c", 1],
  ]);
});

Deno.test("an attempt is drawn before its request has ended", () => {
  const { store, tracer } = recording();
  record(tracer, ONE_ATTEMPT);
  const client = store.list()[0]?.spans.filter(({ name }) => name === "client") ?? [];
  assertEquals(waterfall(client).bars.map(({ depth, start, length }) => [depth, start, length]), [
    [0, 0, 1],
  ]);
});

Deno.test("a span without duration has a bar", () => {
  const { durationMs, bars } = drawn({ name: "server", from: 5, to: 5 });
  assertEquals([durationMs, bars[0]?.start, bars[0]?.length], [0, 0, 1]);
});
