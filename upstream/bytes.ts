/** The chunks as one array of its own; `size` is the sum of their lengths. */
export function concat(chunks: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** Options of {@linkcode GrowingBytes}. */
export interface GrowingBytesOptions {
  /** More is never appended, in bytes. */
  maxBytes: number;
  /** How much is likely to come, in bytes; nothing is allocated for it ahead. Default: unknown. */
  expectedBytes?: number | undefined;
}

/** Capacity for the first bytes. */
const FIRST_CAPACITY_BYTES = 4_096;

/**
 * One buffer that grows by doubling, for bytes that come in pieces. Pieces are copied: a piece
 * of a stream may be a few bytes of a much larger buffer, which stays in memory as long as the piece
 * does. Takes at most twice as much memory as has come, or {@linkcode FIRST_CAPACITY_BYTES}.
 */
export class GrowingBytes {
  #buffer = new Uint8Array();
  #size = 0;
  readonly #options: GrowingBytesOptions;

  constructor(options: GrowingBytesOptions) {
    this.#options = options;
  }

  /** How many bytes have come. */
  get size(): number {
    return this.#size;
  }

  /** How many bytes there is memory for. */
  get capacity(): number {
    return this.#buffer.byteLength;
  }

  /** Copies a piece to the end; false, and nothing is copied, where it would be over the limit. */
  append(piece: Uint8Array): boolean {
    const size = this.#size + piece.byteLength;
    if (size > this.#options.maxBytes) return false;
    if (size > this.capacity) this.#grow(size);
    this.#buffer.set(piece, this.#size);
    this.#size = size;
    return true;
  }

  /** What has come, as a view on the buffer. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#size);
  }

  #grow(size: number): void {
    const { maxBytes, expectedBytes = maxBytes } = this.#options;
    const most = size <= expectedBytes ? Math.min(expectedBytes, maxBytes) : maxBytes;
    const doubled = Math.max(size, 2 * this.capacity, FIRST_CAPACITY_BYTES);
    const larger = new Uint8Array(Math.min(doubled, most));
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }
}
