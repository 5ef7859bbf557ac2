/** Number of chunks that may have any size: 2,048 cost about 30 ms of CPU. */
const MAX_SMALL_CHUNKS = 2_048;

/** Minimum average chunk size of a body with more chunks than that, in bytes. */
export const MIN_AVERAGE_BYTES = 64;

/**
 * Detects bodies that are sent in very many small chunks: each chunk, even of one byte, costs the
 * runtime about 15 µs of CPU and 64 KiB of garbage. TCP segments of 536 bytes, the smallest in use,
 * are within the limit.
 */
export class SmallChunks {
  #count = 0;
  #bytes = 0;

  /** Counts a chunk of this size. */
  add(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  /** Whether there are too many chunks, and their average size is too small. */
  get areTooMany(): boolean {
    return this.#count > MAX_SMALL_CHUNKS && this.#bytes < this.#count * MIN_AVERAGE_BYTES;
  }
}
