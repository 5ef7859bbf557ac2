/** Size of a piece: the runtime asks for a few of them ahead. */
const PIECE_BYTES = 16 * 1_024;

/** Answers of so few bytes are not counted until they are taken. */
export const FEW_BYTES = 4_096;

/**
 * A stream of bytes that are kept elsewhere: its pieces are views on them, not copies. Of more than
 * a few the last byte is a piece of its own: the server below buffers some 400 KiB for a caller, and would take an
 * answer that just exceeds that to its end. So it asks for the last byte when there is room again,
 * and the answer is outstanding until then.
 */
export function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const last = bytes.byteLength > FEW_BYTES ? bytes.byteLength - 1 : bytes.byteLength;
  let next = 0;
  return new ReadableStream({
    pull(controller) {
      const end = next === last ? bytes.byteLength : Math.min(next + PIECE_BYTES, last);
      if (end > next) controller.enqueue(bytes.subarray(next, end));
      next = end;
      if (next === bytes.byteLength) controller.close();
    },
  }, { highWaterMark: 0 });
}
