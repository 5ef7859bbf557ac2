import { assertEquals } from "@std/assert";
import { SpanBatch } from "../../telemetry/span_batch.ts";

const decoder = new TextDecoder();

Deno.test("a batch is its prefix, its spans with commas between them, and its suffix", () => {
  const batch = new SpanBatch("[");
  for (const span of ["1", "2", "3"]) batch.add(span);
  assertEquals([batch.count, decoder.decode(batch.close("]"))], [3, "[1,2,3]"]);
});

Deno.test("a batch without spans is its prefix and suffix", () => {
  assertEquals(decoder.decode(new SpanBatch("[").close("]")), "[]");
});

Deno.test("a batch grows with its spans, whatever they are made of", () => {
  const spans = ["a".repeat(200_000), "ü€😀".repeat(50_000), "\ud800", "", "z"];
  const batch = new SpanBatch("<");
  for (const span of spans) batch.add(span);
  assertEquals(decoder.decode(batch.close(">")), `<${spans.join()}>`.toWellFormed());
});

Deno.test("a batch that was cleared holds nothing of before", () => {
  const batch = new SpanBatch("[");
  batch.add("a".repeat(100_000));
  batch.close("]");
  batch.clear();
  for (const span of ["1", "2"]) batch.add(span);
  assertEquals([batch.count, decoder.decode(batch.close("]"))], [2, "[1,2]"]);
});
