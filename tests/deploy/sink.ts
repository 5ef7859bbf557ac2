/** An exported span. */
export interface SinkSpan {
  readonly scope: string;
  readonly name: string;
  readonly kind: "INTERNAL" | "SERVER" | "CLIENT" | "OTHER";
  readonly traceId: string;
  readonly attributes: ReadonlySet<string>;
}

/** An OpenTelemetry backend that records every export. */
export interface Sink extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly SinkSpan[];
  /** Metric name → number of scopes that exported it. */
  readonly metrics: ReadonlyMap<string, ReadonlySet<string>>;
}

interface OtlpSpan {
  name: string;
  kind: number;
  traceId: string;
  attributes: { key: string }[];
}

interface OtlpBody {
  resourceSpans?: { scopeSpans: { scope?: { name: string }; spans: OtlpSpan[] }[] }[];
  resourceMetrics?: { scopeMetrics: { scope?: { name: string }; metrics: { name: string }[] }[] }[];
}

const KINDS: Readonly<Record<number, SinkSpan["kind"]>> = {
  1: "INTERNAL",
  2: "SERVER",
  3: "CLIENT",
};

/** Starts a backend for OTLP/HTTP JSON on this machine. */
export function startSink(port = 0): Sink {
  const spans: SinkSpan[] = [];
  const metrics = new Map<string, Set<string>>();
  const server = Deno.serve({ port, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const body: OtlpBody = await request.json();
    for (const { scopeSpans } of body.resourceSpans ?? []) {
      for (const { scope, spans: sent } of scopeSpans) {
        spans.push(...sent.map((span) => toSinkSpan(scope?.name ?? "", span)));
      }
    }
    for (const { scopeMetrics } of body.resourceMetrics ?? []) {
      for (const { scope, metrics: sent } of scopeMetrics) {
        for (const { name } of sent) {
          const scopes = metrics.get(name) ?? new Set();
          metrics.set(name, scopes.add(scope?.name ?? ""));
        }
      }
    }
    return Response.json({});
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    metrics,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function toSinkSpan(scope: string, { name, kind, traceId, attributes }: OtlpSpan): SinkSpan {
  const keys = new Set(attributes.map(({ key }) => key));
  return { scope, name, kind: KINDS[kind] ?? "OTHER", traceId, attributes: keys };
}
