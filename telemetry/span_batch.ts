/** Bytes a batch starts with; most spans are about 900. */
const INITIAL_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/** Encoded spans in one growing array of bytes: what waits to be exported is no work for the GC. */
export class SpanBatch {
  /** How many spans it holds. */
  count = 0;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #size = 0;

  /** @param prefix what the batch begins with, before the first span */
  constructor(prefix: string) {
    this.#append(prefix);
  }

  /** Adds a span, separated by a comma from the one before. */
  add(span: string): void {
    this.#append(this.count === 0 ? span : `,${span}`);
    this.count++;
  }

  /** The whole batch, closed with `suffix`. Nothing can be added after that. */
  close(suffix: string): Uint8Array<ArrayBuffer> {
    this.#append(suffix);
    return this.#bytes.subarray(0, this.#size);
  }

  #append(text: string): void {
    this.#reserve(text.length * 3); // the most that UTF-8 takes of a UTF-16 code unit
    this.#size += encoder.encodeInto(text, this.#bytes.subarray(this.#size)).written;
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#size + bytes));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
