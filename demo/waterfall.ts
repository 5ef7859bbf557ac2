import { millisecondsBetween, type OtlpSpan } from "./otlp_span.ts";

/** A span, and its place on the time axis of its trace. */
export interface Bar {
  readonly span: OtlpSpan;
  /** Number of spans above it in the tree of parents. */
  readonly depth: number;
  /** Time from the start of the trace to the start of the span, in ms. */
  readonly offsetMs: number;
  readonly durationMs: number;
  /** Start and length as fractions of the trace, 0 to 1. */
  readonly start: number;
  readonly length: number;
}

/** The spans of a trace, to be drawn one below the other. */
export interface Waterfall {
  /** When the trace started, in ms since the epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Each span is followed by its children; spans with the same parent are in order of time. */
  readonly bars: readonly Bar[];
}

/** Arranges the spans of a trace; there must be at least one. */
export function waterfall(spans: readonly OtlpSpan[]): Waterfall {
  const [start, end] = [earliest(spans), latest(spans)];
  const durationMs = millisecondsBetween(start, end);
  const share = (ms: number) => durationMs > 0 ? ms / durationMs : 0;
  const bars = inTreeOrder(spans).map(({ span, depth }): Bar => {
    const offsetMs = millisecondsBetween(start, span.startTimeUnixNano);
    const ownMs = millisecondsBetween(span.startTimeUnixNano, span.endTimeUnixNano);
    return {
      span,
      depth,
      offsetMs,
      durationMs: ownMs,
      start: share(offsetMs),
      length: durationMs > 0 ? share(ownMs) : 1,
    };
  });
  return { startedAtMs: Number(BigInt(start) / 1_000_000n), durationMs, bars };
}

/** A span whose parent is not among the spans (a caller's, or one in progress) has depth 0. */
function inTreeOrder(spans: readonly OtlpSpan[]): { span: OtlpSpan; depth: number }[] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const sorted = spans.toSorted(byStart);
  const from = (span: OtlpSpan, depth: number): { span: OtlpSpan; depth: number }[] => [
    { span, depth },
    ...sorted.filter(({ parentSpanId }) => parentSpanId === span.spanId)
      .flatMap((child) => from(child, depth + 1)),
  ];
  const roots = sorted.filter(({ parentSpanId }) => !ids.has(parentSpanId ?? ""));
  return roots.flatMap((root) => from(root, 0));
}

function byStart(a: OtlpSpan, b: OtlpSpan): number {
  return millisecondsBetween(b.startTimeUnixNano, a.startTimeUnixNano);
}

function earliest(spans: readonly OtlpSpan[]): string {
  return spans.map((span) => span.startTimeUnixNano).reduce((a, b) =>
    BigInt(a) <= BigInt(b) ? a : b
  );
}

function latest(spans: readonly OtlpSpan[]): string {
  return spans.map((span) => span.endTimeUnixNano).reduce((a, b) => BigInt(a) >= BigInt(b) ? a : b);
}
