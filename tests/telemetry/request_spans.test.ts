import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals } from "@std/assert";
import { MAX_REQUEST_SPAN_BYTES, RequestSpans } from "../../telemetry/request_spans.ts";

/** Spans of a runtime that has to wait for them, and a collector that answers when it is let. */
function kit() {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const work: Promise<unknown>[] = [];
  let bytes = 0;
  const spans = new RequestSpans({
    url: "http://collector.test/v1/traces",
    resource: { "service.name": "test" },
    waitUntil: (promise) => void work.push(promise),
    fetch: async (_, { body } = {}) => {
      bytes += (body as Uint8Array).byteLength;
      await answered;
      return Response.json({});
    },
  });
  const tracer = new BasicTracerProvider({ spanProcessors: [spans] }).getTracer("test");
  const attributes = { filling: "x".repeat(4_000) };
  return {
    spans,
    /** A request with an attempt that has ended; ends when it is told to. */
    request() {
      const server = tracer.startSpan("server", { kind: SpanKind.SERVER, attributes });
      const inside = trace.setSpan(ROOT_CONTEXT, server);
      tracer.startSpan("try", { kind: SpanKind.CLIENT, attributes }, inside).end();
      return server;
    },
    /** Has the collector answer; bytes that it was sent. */
    async exported(): Promise<number> {
      answer();
      await Promise.all(work);
      return bytes;
    },
  };
}

Deno.test("the spans of a request are exported together when it ends", async () => {
  const { spans, request, exported } = kit();
  request().end();
  const bytes = await exported();
  assert(bytes > 8_000 && bytes < 12_000, `${bytes} bytes`);
  assertEquals(spans.dropped, 0);
});

Deno.test("while a collector hangs 16 MiB of spans wait for it, the rest is counted as dropped", async () => {
  const { spans, request, exported } = kit();
  for (let requests = 0; requests < 4_000; requests++) request().end();
  const bytes = await exported();
  assert(bytes > MAX_REQUEST_SPAN_BYTES * 0.9, `${bytes} bytes`);
  assert(bytes <= MAX_REQUEST_SPAN_BYTES + 64 * 1024, `${bytes} bytes`);
  const perSpan = bytes / (8_000 - spans.dropped);
  assert(perSpan > 4_000 && perSpan < 6_000, `${spans.dropped} dropped`);
});

Deno.test("requests that never end are forgotten beyond 1,000, the oldest first, and their spans are counted", async () => {
  const { spans, request, exported } = kit();
  for (let requests = 0; requests < 1_010; requests++) request();
  assertEquals(spans.dropped, 10);
  await exported();
});
