/**
 * A collector that only counts: `deno run -A bench/sink.ts <port>`.
 *
 * Takes OTLP/HTTP, JSON or protobuf, at `/v1/traces`; `GET /` answers how many spans came. It
 * shares a core with the load generator, so it looks for spans without decoding them.
 */

/** ExportTraceServiceRequest.resource_spans → ResourceSpans.scope_spans → ScopeSpans.spans. */
const SPANS_PATH = [1, 2, 2] as const;

/** Protobuf's wire type of a field with a length, and the sizes of those without one. */
const LENGTH_DELIMITED = 2;
const FIXED_SIZES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** How many spans an OTLP message in protobuf holds. */
export function countProtobuf(bytes: Uint8Array, path: readonly number[] = SPANS_PATH): number {
  const [wanted, ...rest] = path;
  let count = 0;
  let at = 0;
  while (at < bytes.length) {
    const tag = varint();
    const size = sizeOf(tag & 7);
    if (tag >>> 3 === wanted) {
      count += rest.length === 0 ? 1 : countProtobuf(bytes.subarray(at, at + size), rest);
    }
    at += size;
  }
  return count;

  function sizeOf(wireType: number): number {
    if (wireType === LENGTH_DELIMITED) return varint();
    if (wireType === 0) varint();
    return FIXED_SIZES[wireType] ?? 0;
  }

  function varint(): number {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  }
}

/** How many spans an OTLP message in JSON holds: one `spanId` each, links left aside. */
export function countJson(text: string): number {
  const key = '"spanId":';
  let count = 0;
  for (let at = text.indexOf(key); at !== -1; at = text.indexOf(key, at + key.length)) count++;
  return count;
}

if (import.meta.main) {
  let spans = 0;
  Deno.serve(
    { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} },
    async (request) => {
      if (request.method === "GET") return Response.json({ spans });
      const isJson = request.headers.get("content-type")?.includes("json") ?? false;
      const message = new Response(plain(request));
      const isTraces = new URL(request.url).pathname === "/v1/traces";
      if (!isTraces) await message.arrayBuffer();
      else if (isJson) spans += countJson(await message.text());
      else spans += countProtobuf(await message.bytes());
      return isJson
        ? Response.json({})
        : new Response(null, { headers: { "content-type": "application/x-protobuf" } });
    },
  );
}

function plain(request: Request): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const isZipped = request.headers.get("content-encoding") === "gzip";
  return isZipped
    ? request.body?.pipeThrough(new DecompressionStream("gzip")) ?? null
    : request.body;
}
