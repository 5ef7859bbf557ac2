import { ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { assert, assertEquals } from "@std/assert";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import type { SamplerName } from "../../telemetry/sampler.ts";
import { setupTracing } from "../../telemetry/setup.ts";
import { otlpSink } from "../observability/otlp_sink.ts";
import { VERSION } from "../../version.ts";
import { otlpTarget } from "../support/otlp_target.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** A context with the span of a caller that has decided; without a decision none. */
function parentWith(caller: boolean | undefined) {
  return caller === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, {
    traceId: TRACE_ID,
    spanId: "b7ad6b7169203331",
    traceFlags: caller ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
  });
}

/** The sample ratio and the caller's sampling decision → whether a span is sampled. */
const SAMPLING: readonly [ratio: number, caller: boolean | undefined, sampled: boolean][] = [
  [1, undefined, true],
  [0, undefined, false],
  [0, true, true],
  [1, false, false],
];

for (const [sampleRatio, caller, sampled] of SAMPLING) {
  Deno.test(`with a ratio of ${sampleRatio} and the caller's decision ${caller} a trace is ${sampled ? "" : "not "}sampled`, async () => {
    const tracing = setupTracing({
      target: undefined,
      resource: {},
      sampler: "parentbased_traceidratio",
      sampleRatio,
    });
    const span = tracing.tracer.startSpan("s", {}, parentWith(caller));
    assertEquals((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0, sampled);
    span.end();
    await tracing.shutdown();
  });
}

/** The sampler, and the caller's decision → whether a span is sampled at a ratio of 0. */
const SAMPLERS: readonly [SamplerName, caller: boolean | undefined, sampled: boolean][] = [
  ["always_on", false, true],
  ["always_off", true, false],
  ["traceidratio", true, false],
  ["parentbased_always_on", undefined, true],
  ["parentbased_always_on", false, false],
  ["parentbased_always_off", undefined, false],
  ["parentbased_always_off", true, true],
];

for (const [sampler, caller, sampled] of SAMPLERS) {
  Deno.test(`with ${sampler} and the caller's decision ${caller} a trace is ${sampled ? "" : "not "}sampled`, async () => {
    const tracing = setupTracing({ target: undefined, resource: {}, sampler, sampleRatio: 0 });
    const span = tracing.tracer.startSpan("s", {}, parentWith(caller));
    assertEquals((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0, sampled);
    span.end();
    await tracing.shutdown();
  });
}

Deno.test("spans have the service's name and version, long attributes are truncated, and a tracestate has at most 512 characters", async () => {
  await using collector = otlpSink();
  const tracing = setupTracing({
    target: otlpTarget(`${collector.url}/v1/traces`),
    resource: { "service.name": "test", "service.version": VERSION },
    sampler: "parentbased_traceidratio",
    sampleRatio: 1,
  });
  const members = Array.from({ length: 32 }, (_, index) => `k${index}=${"v".repeat(100)}`);
  const headers = new Headers({
    traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
    tracestate: members.join(),
  });
  const parent = new W3CTraceContextPropagator().extract(ROOT_CONTEXT, headers, {
    get: (carrier, name) => carrier.get(name) ?? undefined,
    keys: (carrier) => [...carrier.keys()],
  });
  tracing.tracer.startSpan("s", { attributes: { "enduser.id": "x".repeat(60_000) } }, parent).end();
  await tracing.shutdown();
  const [{ resource, scopeSpans: [{ spans: [span] }] }] =
    JSON.parse(collector.exports[0]?.body ?? "").resourceSpans;
  assertEquals(resource.attributes, [
    { key: "service.name", value: { stringValue: "test" } },
    { key: "service.version", value: { stringValue: VERSION } },
  ]);
  assertEquals(span.traceId, TRACE_ID);
  assertEquals(span.attributes[0].value.stringValue, "x".repeat(4_096));
  assert(span.traceState.length > 400 && span.traceState.length <= 512, span.traceState);
});

Deno.test("further span processors receive every span, with and without a collector", async () => {
  await using collector = otlpSink();
  for (const target of [undefined, otlpTarget(`${collector.url}/v1/traces`)]) {
    const ended: ReadableSpan[] = [];
    const processor = {
      onStart() {},
      onEnd: (span: ReadableSpan) => void ended.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    const tracing = setupTracing({
      target,
      resource: {},
      sampler: "parentbased_traceidratio",
      sampleRatio: 1,
      spanProcessors: [processor],
    });
    tracing.tracer.startSpan("a span").end();
    await tracing.shutdown();
    assertEquals(ended.map(({ name }) => name), ["a span"]);
  }
  assertEquals(collector.exports.map(({ body }) => body.includes("a span")), [true]);
});
