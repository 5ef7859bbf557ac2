import { ROOT_CONTEXT, SpanKind, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { assert, assertEquals } from "@std/assert";
import { MAX_REQUEST_SPAN_BYTES, RequestSpans } from "../../telemetry/request_spans.ts";
import { otlpTarget } from "../support/otlp_target.ts";

/** Request spans on a runtime without background work, and a collector that answers on demand. */
function kit() {
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const work: Promise<unknown>[] = [];
  let bytes = 0;
  const spans = new RequestSpans({
    target: otlpTarget("http://collector.test/v1/traces"),
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
    /** Starts a request with one ended attempt, and returns a function that ends the request. */
    request() {
      const server = tracer.startSpan("server", { kind: SpanKind.SERVER, attributes });
      const inside = trace.setSpan(ROOT_CONTEXT, server);
      tracer.startSpan("try", { kind: SpanKind.CLIENT, attributes }, inside).end();
      return server;
    },
    /** Lets the collector answer; returns the bytes that it received. */
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

Deno.test("while a collector hangs 16 MiB of spans are held, and the rest is counted as dropped", async () => {
  const { spans, request, exported } = kit();
  for (let requests = 0; requests < 4_000; requests++) request().end();
  const bytes = await exported();
  assert(bytes > MAX_REQUEST_SPAN_BYTES * 0.9, `${bytes} bytes`);
  assert(bytes <= MAX_REQUEST_SPAN_BYTES + 64 * 1024, `${bytes} bytes`);
  const perSpan = bytes / (8_000 - spans.dropped);
  assert(perSpan > 4_000 && perSpan < 6_000, `${spans.dropped} dropped`);
});

Deno.test("of requests that never end 1,000 are kept, and the spans of the oldest are counted as dropped", async () => {
  const { spans, request, exported } = kit();
  for (let requests = 0; requests < 1_010; requests++) request();
  assertEquals(spans.dropped, 10);
  await exported();
});
