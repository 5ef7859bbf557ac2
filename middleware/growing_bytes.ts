/** Options of {@linkcode GrowingBytes}. */
export interface GrowingBytesOptions {
  /** Maximum size, in bytes. */
  maxBytes: number;
  /** Expected size, in bytes; nothing is allocated in advance. Default: unknown. */
  expectedBytes?: number | undefined;
}

/** Initial capacity, in bytes. */
const FIRST_CAPACITY_BYTES = 4_096;

/** Initial space for reads into the buffer, in bytes: what Deno reads at most at once. */
const FIRST_SPACE_BYTES = 64 * 1024;

/**
 * A buffer that grows by doubling. Chunks are copied: a chunk of a stream may be a view of a few
 * bytes on a much larger buffer, which stays in memory as long as the chunk does. Allocates at most
 * twice the bytes received, or {@linkcode FIRST_CAPACITY_BYTES}; for reads into the buffer
 * {@linkcode FIRST_SPACE_BYTES}.
 */
export class GrowingBytes {
  #buffer = new Uint8Array();
  #size = 0;
  readonly #options: GrowingBytesOptions;

  constructor(options: GrowingBytesOptions) {
    this.#options = options;
  }

  /** Bytes appended so far. */
  get size(): number {
    return this.#size;
  }

  /** Bytes allocated. */
  get capacity(): number {
    return this.#buffer.byteLength;
  }

  /** Copies a chunk to the end; returns false and copies nothing if it would exceed `maxBytes`. */
  append(chunk: Uint8Array): boolean {
    const size = this.#size + chunk.byteLength;
    if (size > this.#options.maxBytes) return false;
    if (size > this.capacity) this.#grow(size);
    this.#buffer.set(chunk, this.#size);
    this.#size = size;
    return true;
  }

  /**
   * Free space at the end, of at least one byte also after the expected size, so that a read into it
   * finds the end. The read may transfer the buffer: it has to be given back by {@linkcode filled}.
   */
  space(): Uint8Array<ArrayBuffer> {
    if (this.#size === this.capacity) {
      const { maxBytes, expectedBytes = maxBytes } = this.#options;
      const end = 1 + (this.#size <= expectedBytes ? Math.min(expectedBytes, maxBytes) : maxBytes);
      this.#resize(Math.min(Math.max(2 * this.capacity, FIRST_SPACE_BYTES), end));
    }
    return this.#buffer.subarray(this.#size);
  }

  /**
   * Takes over what was read into {@linkcode space}, a view on its buffer; returns false if that
   * exceeds `maxBytes`.
   */
  filled(read: Uint8Array<ArrayBuffer>): boolean {
    this.#buffer = new Uint8Array(read.buffer);
    this.#size += read.byteLength;
    return this.#size <= this.#options.maxBytes;
  }

  /** All bytes appended so far, as a view on the buffer. */
  whole(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#size);
  }

  #grow(size: number): void {
    const { maxBytes, expectedBytes = maxBytes } = this.#options;
    const most = size <= expectedBytes ? Math.min(expectedBytes, maxBytes) : maxBytes;
    const doubled = Math.max(size, 2 * this.capacity, FIRST_CAPACITY_BYTES);
    this.#resize(Math.min(doubled, most));
  }

  #resize(capacity: number): void {
    const larger = new Uint8Array(capacity);
    larger.set(this.#buffer.subarray(0, this.#size));
    this.#buffer = larger;
  }
}
