import { ChunkList } from "./chunk_list.ts";
import { MAX_BUFFERED_BYTES } from "./transport.ts";

/** Content codings (RFC 9110 §8.4.1) → their names for `DecompressionStream`. */
const FORMATS: Readonly<Record<string, string>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
};

/**
 * Decodes an error body that was compressed although the request did not accept it. Returns at most
 * {@linkcode MAX_BUFFERED_BYTES}, so that a small reply cannot exhaust the memory, and no bytes if
 * the body cannot be decoded.
 */
export function decodeBody(
  body: Uint8Array<ArrayBuffer>,
  encoding: string | undefined,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  if (!encoding || encoding.toLowerCase() === "identity") return body; // nothing to wait for
  return decompressed(body, encoding);
}

async function decompressed(
  body: Uint8Array<ArrayBuffer>,
  encoding: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const format = FORMATS[encoding.trim().toLowerCase()];
  try {
    // TypeScript's type lacks "brotli". A runtime that lacks it throws.
    const decoder = new DecompressionStream(format as CompressionFormat);
    return await readUpToLimit(slices(body).pipeThrough(decoder));
  } catch {
    return new Uint8Array();
  }
}

/**
 * Bytes per input chunk. A decoder emits all output of one input chunk as one chunk, and a dozen
 * bytes of brotli can decode to 16 MiB: small input chunks bound the memory.
 */
const SLICE_BYTES = 16;

/** The body in small slices, each enqueued only once the decoder asks for it. */
function slices(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= body.byteLength) return controller.close();
      controller.enqueue(body.subarray(offset, offset += SLICE_BYTES));
    },
  }, { highWaterMark: 0 });
}

/** Reads a stream until it ends, fails or reaches the limit. */
async function readUpToLimit(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks = new ChunkList();
  try {
    for await (const chunk of stream) {
      chunks.append(chunk);
      if (chunks.size >= MAX_BUFFERED_BYTES) break;
    }
  } catch {
    // Truncated or corrupt: the part that was decoded is used.
  }
  return chunks.toBytes(MAX_BUFFERED_BYTES);
}
