/** An attribute in OTLP JSON. */
interface OtlpAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly boolValue?: boolean;
  };
}

/** A link of a span to another. */
interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: readonly OtlpAttribute[];
  readonly flags: number;
}

/** An exported span. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** 2: SERVER, 3: CLIENT. */
  readonly kind: number;
  readonly flags: number;
  readonly attributes: readonly OtlpAttribute[];
  readonly links?: readonly OtlpLink[];
  /** Name of its instrumentation scope. */
  readonly scope: string;
}

/** One export request. */
export interface Export {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

/** A collector that records every export. */
export interface OtlpSink extends AsyncDisposable {
  /** Base URL, for `OTLP_ENDPOINT`. */
  readonly url: string;
  readonly exports: readonly Export[];
  /** All spans so far. */
  spans(): OtlpSpan[];
}

/** Starts a collector on a free port; by default it answers 200. */
export function otlpSink(
  answer: (request: Request) => Response | Promise<Response> = () => Response.json({}),
): OtlpSink {
  const exports: Export[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const type = request.headers.get("content-type") ?? "";
      exports.push({ path: pathname, type, body: await request.text() });
      return await answer(request);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    exports,
    spans: () => exports.filter(({ path }) => path === "/v1/traces").flatMap(spansOf),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The attributes of a span by name. */
export function attributesOf({ attributes }: OtlpSpan): Record<string, string | number | boolean> {
  return Object.fromEntries(attributes.map(({ key, value }) => [
    key,
    value.stringValue ?? value.boolValue ?? Number(value.intValue),
  ]));
}

/** The spans of an export in JSON; none for another encoding. */
function spansOf({ type, body }: Export): OtlpSpan[] {
  if (!type.startsWith("application/json")) return [];
  const { resourceSpans }: {
    resourceSpans: { scopeSpans: { scope: { name: string }; spans: OtlpSpan[] }[] }[];
  } = JSON.parse(body);
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap(({ scope, spans }) => spans.map((span) => ({ ...span, scope: scope.name })));
}
