/** A span as it was exported. */
export interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly kind: "SERVER" | "CLIENT";
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
  /** `exception.type` of its exceptions. */
  readonly exceptions: readonly (string | undefined)[];
}

/** An OpenTelemetry collector that remembers. */
export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly spans: ExportedSpan[];
}

type OtlpAttributes = {
  key: string;
  value: { stringValue?: string; intValue?: number | string };
}[];

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  attributes: OtlpAttributes;
  events?: { attributes: OtlpAttributes }[];
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

function exported(
  { traceId, spanId, parentSpanId, kind, attributes, events = [] }: OtlpSpan,
): ExportedSpan {
  return {
    traceId,
    spanId,
    parentSpanId,
    kind: kind === 2 ? "SERVER" : "CLIENT",
    attributes: record(attributes),
    exceptions: events.map((event) => record(event.attributes)["exception.type"]?.toString()),
  };
}

function record(attributes: OtlpAttributes): Record<string, string | number | undefined> {
  return Object.fromEntries(attributes.map(({ key, value }) => [
    key,
    value.stringValue ?? (value.intValue === undefined ? undefined : Number(value.intValue)),
  ]));
}
