import { concat } from "./bytes.ts";
import { BUFFER_BYTES } from "./transport.ts";

/** Content codings (RFC 9110 §8.4.1) → the name `DecompressionStream` knows them by. */
const FORMATS: Readonly<Record<string, string>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
};

/**
 * An error body as it was before it was compressed, though nobody asked for that. At most
 * {@linkcode BUFFER_BYTES}, so that a small reply cannot fill the memory; what cannot be
 * decoded says nothing.
 */
export async function decodeBody(
  body: Uint8Array<ArrayBuffer>,
  encoding: string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!encoding || encoding.toLowerCase() === "identity") return body;
  const format = FORMATS[encoding.trim().toLowerCase()];
  try {
    // Brotli is not in the type yet, but in the runtimes; where it is not, this throws.
    const decoder = new DecompressionStream(format as CompressionFormat);
    return await readSome(inSlices(body).pipeThrough(decoder));
  } catch {
    return new Uint8Array();
  }
}

/**
 * Bytes a decoder gets at once. It hands over all that they become as one chunk, and brotli
 * can make 16 MiB of a dozen bytes: this is what bounds the memory.
 */
const SLICE_BYTES = 16;

/** The bytes in small slices, each only when the one before has been taken. */
function inSlices(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= body.byteLength) return controller.close();
      controller.enqueue(body.subarray(offset, offset += SLICE_BYTES));
    },
  }, { highWaterMark: 0 });
}

/** What a stream yields before it ends, breaks or reaches the limit. */
async function readSome(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size >= BUFFER_BYTES) break;
    }
  } catch {
    // Cut or corrupt: what came before that is still read.
  }
  return concat(chunks, size).subarray(0, BUFFER_BYTES);
}
