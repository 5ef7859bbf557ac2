import { ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import { assert, assertEquals } from "@std/assert";
import { MAX_TRACE_CHARS, MAX_TRACES } from "../../demo/trace_store.ts";
import { record, recording } from "./kit.ts";

Deno.test("the store keeps the last 100 traces, newest first, and removes the oldest", () => {
  const { store, tracer } = recording();
  const ids = Array.from({ length: MAX_TRACES + 5 }, (_, index) => {
    return record(tracer, { name: `request ${index}`, from: index, to: index + 1 });
  });
  assertEquals(MAX_TRACES, 100);
  assertEquals(store.list().map(({ traceId }) => traceId), ids.slice(5).reverse());
  assertEquals(ids.slice(0, 6).map((id) => store.get(id)?.spans.length), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    1,
  ]);
});

Deno.test("a further request in an old trace makes it the newest and removes no other", () => {
  const { store, tracer } = recording();
  const ids = Array.from({ length: MAX_TRACES }, () => {
    return record(tracer, { name: "request", from: 0, to: 1 });
  });
  const [oldest = "", second = ""] = ids;
  record(tracer, { name: "further", from: 2, to: 3 }, remoteParent(oldest));
  assertEquals(store.list().length, MAX_TRACES);
  assertEquals(store.list()[0]?.spans.map(({ name }) => name), ["request", "further"]);
  record(tracer, { name: "request", from: 4, to: 5 });
  assertEquals([store.get(oldest)?.spans.length, store.get(second)], [2, undefined]);
});

Deno.test("the spans of a trace are bounded in size: the oldest are removed and counted", () => {
  const { store, tracer } = recording();
  const id = record(tracer, { name: "request 0", from: 0, to: 1 });
  const attributes = { text: "x".repeat(4_096) };
  for (let index = 1; index < 200; index++) {
    const plan = { name: `request ${index}`, from: index, to: index + 1, attributes };
    record(tracer, plan, remoteParent(id));
  }
  const kept = store.get(id);
  assert(kept);
  const chars = kept.spans.reduce((sum, span) => sum + JSON.stringify(span).length, 0);
  assert(chars <= MAX_TRACE_CHARS && chars > MAX_TRACE_CHARS - 5_000, `${chars}`);
  assertEquals(kept.removed + kept.spans.length, 200);
  assertEquals(kept.spans.at(-1)?.name, "request 199");
  assertEquals(kept.spans[0]?.name, `request ${kept.removed}`);
});

Deno.test("a span that is larger than a trace may be is not kept", () => {
  const { store, tracer } = recording();
  const attributes = { text: "x".repeat(MAX_TRACE_CHARS) };
  const id = record(tracer, { name: "large", from: 0, to: 1, attributes });
  assertEquals([store.get(id), store.list()], [undefined, []]);
});

function remoteParent(traceId: string) {
  const context = { traceId, spanId: "b7ad6b7169203331", traceFlags: TraceFlags.SAMPLED };
  return trace.setSpanContext(ROOT_CONTEXT, { ...context, isRemote: true });
}
