import { ChunkList } from "./chunk_list.ts";
import type { UpstreamReply } from "./transport.ts";

/**
 * Reads the JSON body of a reply.
 *
 * @throws {RangeError} if it is longer than `maxBytes`
 * @throws {SyntaxError} if it is not JSON
 */
export async function readJson({ body }: UpstreamReply, maxBytes: number): Promise<unknown> {
  const bytes = body instanceof Uint8Array ? body : await readUpTo(body, maxBytes);
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function readUpTo(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks = new ChunkList();
  for await (const chunk of stream) {
    chunks.append(chunk);
    if (chunks.size > maxBytes) throw new RangeError("the answer is too large");
  }
  return chunks.toBytes(maxBytes);
}
