import { assertEquals } from "@std/assert";
import { DurationHistogram } from "../../telemetry/duration_histogram.ts";

const histogram = () => new DurationHistogram({ name: "d", description: "", boundaries: [0.1, 1] });

Deno.test("a value is counted in the first bucket whose bound is not below it", () => {
  const durations = histogram();
  for (const seconds of [0, 0.1, 0.100_1, 1, 2]) durations.record("a", seconds, () => ({ a: 1 }));
  const [point] = durations.collect().dataPoints;
  assertEquals(point?.value, {
    buckets: { boundaries: [0.1, 1], counts: [2, 2, 1] },
    sum: 3.200_1,
    count: 5,
    min: 0,
    max: 2,
  });
});

Deno.test("the attributes of a series are made once, and returned for every value", () => {
  const durations = histogram();
  let made = 0;
  const attributesOf = () => ({ number: ++made });
  const [first, second] = [1, 2].map((s) => durations.record("a", s, attributesOf));
  assertEquals([made, first === second], [1, true]);
});

Deno.test("what is collected does not change with later values", () => {
  const durations = histogram();
  durations.record("a", 1, () => ({}));
  const [point] = durations.collect().dataPoints;
  durations.record("a", 1, () => ({}));
  assertEquals(point?.value.buckets.counts, [0, 1, 0]);
});

Deno.test("beyond 2,000 series, values are counted in one more", () => {
  const durations = histogram();
  for (let key = 0; key < 5_000; key++) durations.record(`${key}`, 1, () => ({ key }));
  const { dataPoints } = durations.collect();
  assertEquals(dataPoints.length, 2_001);
  const overflow = dataPoints.find(({ attributes }) => "otel.metric.overflow" in attributes);
  assertEquals(overflow?.value.count, 3_000);
});
