import { type Sampler, SamplingDecision, type SamplingResult } from "@opentelemetry/sdk-trace-base";

/**
 * Decides as another sampler does, but has the spans of a trace that is not sampled recorded
 * all the same: only at its end is it known whether it failed, and failures are exported in
 * any case. What is told to the upstream (`traceparent`) stays the other sampler's decision.
 */
export function recordingSampler(head: Sampler): Sampler {
  return {
    shouldSample(context, traceId, name, kind, attributes, links): SamplingResult {
      const result = head.shouldSample(context, traceId, name, kind, attributes, links);
      return result.decision === SamplingDecision.NOT_RECORD
        ? { ...result, decision: SamplingDecision.RECORD }
        : result;
    },
    toString: () => `Recording(${head})`,
  };
}
