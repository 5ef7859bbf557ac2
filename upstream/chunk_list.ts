/** The chunks of a body received so far. They are kept as they came, not copied. */
export class ChunkList {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  /** Total length of the chunks, in bytes. */
  get size(): number {
    return this.#size;
  }

  append(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#size += chunk.byteLength;
  }

  /** All chunks concatenated into a new array, truncated to `maxBytes`. Default: not truncated. */
  toBytes(maxBytes = Infinity): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    let offset = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, offset);
      offset += chunk.byteLength;
    }
    return bytes.subarray(0, maxBytes);
  }
}
