import type { HrTime, SpanOptions } from "@opentelemetry/api";
import { ROOT_CONTEXT, SpanKind, trace, type Tracer } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { TraceStore } from "../../demo/trace_store.ts";

/** A store of traces, and a tracer that feeds it. */
export function recording(): { store: TraceStore; tracer: Tracer } {
  const store = new TraceStore();
  const provider = new BasicTracerProvider({ spanProcessors: [store] });
  return { store, tracer: provider.getTracer("test") };
}

/** A span, and the spans below it. Times are in ms from the start of the test's clock. */
export interface SpanPlan extends Omit<SpanOptions, "startTime"> {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly children?: readonly SpanPlan[];
}

/** A request with one attempt. */
export const ONE_ATTEMPT: SpanPlan = {
  name: "server",
  from: 0,
  to: 9,
  children: [{ name: "client", from: 2, to: 4 }],
};

/** Records a tree of spans, children first, as they end; returns the trace's id. */
export function record(tracer: Tracer, plan: SpanPlan, context = ROOT_CONTEXT): string {
  const { name, from, to, children = [], ...options } = plan;
  const span = tracer.startSpan(
    name,
    { kind: SpanKind.SERVER, ...options, startTime: time(from) },
    context,
  );
  for (const child of children) {
    record(tracer, { kind: SpanKind.CLIENT, ...child }, trace.setSpan(context, span));
  }
  span.end(time(to));
  return span.spanContext().traceId;
}

function time(ms: number): HrTime {
  return [1_800_000_000, ms * 1_000_000];
}
