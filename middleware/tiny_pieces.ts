/** Pieces of a body that may be of any size: 2,048 take about 30 ms of CPU. */
const MAX_TINY_PIECES = 2_048;

/** Average length of the pieces of a body that has more of them, in bytes. */
export const MIN_AVERAGE_BYTES = 64;

/**
 * Counts the pieces in which a body comes. Each takes about 15 µs of CPU and 64 KiB of garbage in
 * the runtime, be it a single byte. TCP segments of 536 bytes, the smallest in use, are no problem.
 */
export class TinyPieces {
  #count = 0;
  #bytes = 0;

  /** Counts a piece. */
  add(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  /** Whether there are more than {@linkcode MAX_TINY_PIECES}, and they are tiny on average. */
  get areTooMany(): boolean {
    return this.#count > MAX_TINY_PIECES && this.#bytes < this.#count * MIN_AVERAGE_BYTES;
  }
}
