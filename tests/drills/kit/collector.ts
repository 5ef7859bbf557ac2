/** A span as it was exported. */
export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: "SERVER" | "CLIENT";
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

/** An OpenTelemetry collector that remembers. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: ExportedSpan[];
}

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  attributes: { key: string; value: { stringValue?: string; intValue?: number | string } }[];
}

/** Takes spans as OTLP/HTTP JSON on a port of its own. */
export function startCollector(): Collector {
  const spans: ExportedSpan[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { resourceSpans } = await request.json();
      for (const { scopeSpans } of resourceSpans ?? []) {
        for (const scope of scopeSpans) spans.push(...scope.spans.map(exported));
      }
      return new Response();
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function exported({ traceId, spanId, parentSpanId, kind, attributes }: OtlpSpan): ExportedSpan {
  return {
    traceId,
    spanId,
    parentSpanId,
    kind: kind === 2 ? "SERVER" : "CLIENT",
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
    ])),
  };
}
