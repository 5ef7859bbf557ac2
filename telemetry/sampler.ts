import { type Sampler, SamplingDecision, type SamplingResult } from "@opentelemetry/sdk-trace-base";

/**
 * Wraps a sampler so that spans of unsampled traces are recorded but not marked as sampled: failed
 * requests are exported even if unsampled, and failure is known only at the end. The sampled flag
 * that the upstream receives (`traceparent`) remains the decision of the wrapped sampler.
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
