import { ROOT_CONTEXT, trace, TraceFlags } from "@opentelemetry/api";
import { assertEquals } from "@std/assert";
import { setupTracing } from "../../telemetry/setup.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

/** Whether a span is sampled, by the ratio and what the caller decided. */
const SAMPLING: readonly [ratio: number, caller: boolean | undefined, sampled: boolean][] = [
  [1, undefined, true],
  [0, undefined, false],
  [0, true, true],
  [1, false, false],
];

for (const [sampleRatio, caller, sampled] of SAMPLING) {
  Deno.test(`with a ratio of ${sampleRatio} and a caller that says ${caller} a trace is ${sampled ? "" : "not "}sampled`, async () => {
    const tracing = setupTracing({ otlpEndpoint: undefined, serviceName: "test", sampleRatio });
    const parent = caller === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, {
      traceId: TRACE_ID,
      spanId: "b7ad6b7169203331",
      traceFlags: caller ? TraceFlags.SAMPLED : TraceFlags.NONE,
      isRemote: true,
    });
    const span = tracing.tracer.startSpan("s", {}, parent);
    assertEquals((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0, sampled);
    span.end();
    await tracing.shutdown();
  });
}
