import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, TraceFlags } from "@opentelemetry/api";
import { TraceState } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { assertEquals } from "@std/assert";
import { encodeAttributes, encodeSpan } from "../../telemetry/otlp_json.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const PARENT_ID = "b7ad6b7169203331";

function tracing() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  return { tracer: provider.getTracer("test"), ended: () => exporter.getFinishedSpans() };
}

const remoteParent = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: TRACE_ID,
  spanId: PARENT_ID,
  traceFlags: TraceFlags.SAMPLED,
  isRemote: true,
  traceState: new TraceState("vendor=value"),
});

Deno.test("a span of a caller's trace is encoded as opentelemetry-proto defines it", () => {
  const { tracer, ended } = tracing();
  const options = { kind: SpanKind.SERVER, startTime: [1_800_000_000, 42] as [number, number] };
  const span = tracer.startSpan('a "name"', options, remoteParent);
  span.setAttribute("text", "x");
  span.addEvent("exception", { "exception.type": "E" }, [1_800_000_000, 900]);
  span.setStatus({ code: SpanStatusCode.ERROR, message: "why" });
  span.end([1_800_000_001, 5]);
  assertEquals(JSON.parse(encodeSpan(ended()[0]!)), {
    traceId: TRACE_ID,
    spanId: span.spanContext().spanId,
    parentSpanId: PARENT_ID,
    traceState: "vendor=value",
    flags: 0x301,
    name: 'a "name"',
    kind: 2,
    startTimeUnixNano: "1800000000000000042",
    endTimeUnixNano: "1800000001000000005",
    attributes: [{ key: "text", value: { stringValue: "x" } }],
    events: [{
      timeUnixNano: "1800000000000000900",
      name: "exception",
      attributes: [{ key: "exception.type", value: { stringValue: "E" } }],
    }],
    status: { code: 2, message: "why" },
  });
});

/** Whether the linked span is of another process → `flags` of opentelemetry-proto's `Span.Link`. */
const LINKS: readonly [what: string, isRemote: boolean | undefined, flags: number][] = [
  ["a span of an unknown process", undefined, 0x001],
  ["a span of this process", false, 0x101],
  ["a span of another process", true, 0x301],
];

for (const [what, isRemote, flags] of LINKS) {
  Deno.test(`a link to ${what} is encoded with its ids, its trace state and the flags ${flags}`, () => {
    const { tracer, ended } = tracing();
    const span = tracer.startSpan("repeat");
    const ids = { traceId: TRACE_ID, spanId: PARENT_ID };
    const context = {
      ...ids,
      traceFlags: TraceFlags.SAMPLED,
      ...isRemote !== undefined && { isRemote },
    };
    span.addLink({ context, attributes: { "text": "x" } });
    span.addLink({ context: { ...context, traceState: new TraceState("vendor=value") } });
    span.end();
    assertEquals(JSON.parse(encodeSpan(ended()[0]!)).links, [
      { ...ids, attributes: [{ key: "text", value: { stringValue: "x" } }], flags },
      { ...ids, traceState: "vendor=value", attributes: [], flags },
    ]);
  });
}

Deno.test("a link to a span that is not sampled says so", () => {
  const { tracer, ended } = tracing();
  const span = tracer.startSpan("repeat");
  const context = { traceId: TRACE_ID, spanId: PARENT_ID, traceFlags: TraceFlags.NONE };
  span.addLink({ context });
  span.end();
  assertEquals(JSON.parse(encodeSpan(ended()[0]!)).links[0].flags, 0);
});

Deno.test("a root span has no parent, no events, no links and no trace state", () => {
  const { tracer, ended } = tracing();
  tracer.startSpan("root", { kind: SpanKind.CLIENT }).end();
  const { parentSpanId, traceState, events, links, kind, flags, status } = JSON.parse(
    encodeSpan(ended()[0]!),
  );
  assertEquals([parentSpanId, traceState, events, links, kind, flags, status], [
    undefined,
    undefined,
    undefined,
    undefined,
    3,
    0x101,
    { code: 0 },
  ]);
});

Deno.test("a parent in the same process is not marked as remote", () => {
  const { tracer, ended } = tracing();
  const parent = tracer.startSpan("parent");
  tracer.startSpan("child", {}, trace.setSpan(ROOT_CONTEXT, parent)).end();
  const { parentSpanId, flags } = JSON.parse(encodeSpan(ended()[0]!));
  assertEquals([parentSpanId, flags], [parent.spanContext().spanId, 0x101]);
});

const VALUES: readonly [value: string | number | boolean | string[], encoded: unknown][] = [
  ["text", { stringValue: "text" }],
  ['"quoted"\n\u0000', { stringValue: '"quoted"\n\u0000' }],
  ["ü€😀", { stringValue: "ü€😀" }],
  ["", { stringValue: "" }],
  [7, { intValue: 7 }],
  [-1, { intValue: -1 }],
  [1.5, { doubleValue: 1.5 }],
  [true, { boolValue: true }],
  [false, { boolValue: false }],
  [["a", "b"], { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } }],
];

for (const [value, encoded] of VALUES) {
  Deno.test(`the attribute ${JSON.stringify(value)} is encoded as ${JSON.stringify(encoded)}`, () => {
    assertEquals(JSON.parse(encodeAttributes({ name: value, absent: undefined })), [
      { key: "name", value: encoded },
    ]);
  });
}
