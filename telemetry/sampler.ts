import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  type SamplingResult,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import type { Config } from "../config.ts";

/** A sampler of the OpenTelemetry specification (OTEL_TRACES_SAMPLER). */
export type SamplerName = Config["telemetry"]["sampler"];

/** The sampler of a name; `sampleRatio` is for those with `traceidratio`. */
export function samplerOf(
  { sampler, sampleRatio }: { sampler: SamplerName; sampleRatio: number },
): Sampler {
  const root = sampler.endsWith("always_off")
    ? new AlwaysOffSampler()
    : sampler.endsWith("always_on") || sampleRatio === 1
    ? new AlwaysOnSampler()
    : new TraceIdRatioBasedSampler(sampleRatio);
  return sampler.startsWith("parentbased_") ? new ParentBasedSampler({ root }) : root;
}

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
