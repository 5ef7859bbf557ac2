import { assertEquals } from "@std/assert";
import { ByteBudget } from "../../limits/byte_budget.ts";
import { SpanBatch } from "../../telemetry/span_batch.ts";

const decoder = new TextDecoder();

Deno.test("a batch is its prefix, its spans separated by commas, and its suffix", () => {
  const batch = new SpanBatch("[", new ByteBudget(Infinity));
  for (const span of ["1", "2", "3"]) batch.add(span);
  assertEquals([batch.count, decoder.decode(batch.close("]"))], [3, "[1,2,3]"]);
});

Deno.test("an empty batch is its prefix and suffix", () => {
  assertEquals(decoder.decode(new SpanBatch("[", new ByteBudget(Infinity)).close("]")), "[]");
});

Deno.test("a batch grows to hold any number and size of spans", () => {
  const spans = ["a".repeat(200_000), "ü€😀".repeat(50_000), "\ud800", "", "z"];
  const batch = new SpanBatch("<", new ByteBudget(Infinity));
  for (const span of spans) batch.add(span);
  assertEquals(decoder.decode(batch.close(">")), `<${spans.join()}>`.toWellFormed());
});

Deno.test("a cleared batch contains none of its earlier spans", () => {
  const batch = new SpanBatch("[", new ByteBudget(Infinity));
  batch.add("a".repeat(100_000));
  batch.close("]");
  batch.clear();
  for (const span of ["1", "2"]) batch.add(span);
  assertEquals([batch.count, decoder.decode(batch.close("]"))], [2, "[1,2]"]);
});

Deno.test("the bytes of a batch are counted in the budget until it is cleared", () => {
  const budget = new ByteBudget(Infinity);
  const batch = new SpanBatch("<", budget);
  for (const span of ["ü".repeat(100_000), "€".repeat(100), "z"]) batch.add(span);
  const { byteLength } = batch.close(">");
  assertEquals([budget.used, batch.byteLength], [byteLength, byteLength]);
  batch.clear();
  assertEquals(budget.used, 0);
});

Deno.test("a trimmed batch has no more memory than bytes, and can be filled again", () => {
  const batch = new SpanBatch("[", new ByteBudget(Infinity));
  batch.add("a".repeat(100_000));
  batch.close("]");
  batch.trim();
  assertEquals(batch.body.buffer.byteLength, 100_002);
  batch.clear();
  batch.add("b".repeat(200_000));
  assertEquals(decoder.decode(batch.close("]")), `[${"b".repeat(200_000)}]`);
});
