/**
 * A collector that only counts spans: `deno run -A bench/sink.ts <port>`.
 *
 * Accepts OTLP/HTTP, JSON or protobuf, at `/v1/traces`; `GET /` returns the number of spans. It
 * shares a core with the load generator, and therefore counts without decoding.
 */

/** ExportTraceServiceRequest.resource_spans → ResourceSpans.scope_spans → ScopeSpans.spans. */
const SPANS_PATH = [1, 2, 2] as const;

/** The protobuf wire type of a field with a length. */
const LENGTH_DELIMITED = 2;

/** Wire type → size in bytes of a field with a fixed size. */
const FIXED_SIZES: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

/** Counts the spans of an OTLP message in protobuf. */
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

/** Counts the spans of an OTLP message in JSON by their `spanId`; links would count as well. */
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
      const message = new Response(decompressed(request));
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

function decompressed(request: Request): ReadableStream<Uint8Array<ArrayBuffer>> | null {
  const isZipped = request.headers.get("content-encoding") === "gzip";
  return isZipped
    ? request.body?.pipeThrough(new DecompressionStream("gzip")) ?? null
    : request.body;
}
