/** Size of a chunk, in bytes: the runtime reads a few of them ahead. */
const CHUNK_BYTES = 16 * 1_024;

/** Largest response that is not tracked until the client has received it, in bytes. */
export const MAX_UNTRACKED_BYTES = 4_096;

/**
 * Streams bytes as chunks that are views of them, not copies. Above {@linkcode MAX_UNTRACKED_BYTES}
 * the last byte is a separate chunk: the runtime's server buffers about 400 KiB per client, so it
 * would otherwise finish a slightly larger response that the client has not read. It requests the
 * last byte only when the client has read some, so that the response is outstanding until then.
 */
export function chunked(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const last = bytes.byteLength > MAX_UNTRACKED_BYTES ? bytes.byteLength - 1 : bytes.byteLength;
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const end = next === last ? bytes.byteLength : Math.min(next + CHUNK_BYTES, last);
      if (end > next) controller.enqueue(bytes.subarray(next, end));
      next = end;
      if (next === bytes.byteLength) controller.close();
    },
  }, { highWaterMark: 0 });
}
