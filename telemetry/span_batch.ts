/** Bytes a batch starts with; most spans are about 800. */
const INITIAL_BYTES = 128 * 1024;

/** Text is encoded when there is this much of it, in characters: a call for each span costs more. */
const ENCODED_AT_ONCE = 32 * 1024;

const encoder = new TextEncoder();

/** Encoded spans in one growing array of bytes: what waits to be exported is no work for the GC. */
export class SpanBatch {
  /** How many spans it holds. */
  count = 0;
  readonly #prefix: string;
  #text: string;
  #bytes = new Uint8Array(INITIAL_BYTES);
  #size = 0;

  /** @param prefix what the batch begins with, before the first span */
  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#text = prefix;
  }

  /** Begins anew with the same memory; the bytes of before are gone. */
  clear(): void {
    this.count = 0;
    this.#text = this.#prefix;
    this.#size = 0;
  }

  /** Adds a span, separated by a comma from the one before. */
  add(span: string): void {
    this.#text += this.count === 0 ? span : `,${span}`;
    this.count++;
    if (this.#text.length >= ENCODED_AT_ONCE) this.#encode();
  }

  /** The whole batch, closed with `suffix`. Nothing can be added until it is cleared. */
  close(suffix: string): Uint8Array<ArrayBuffer> {
    this.#text += suffix;
    this.#encode();
    return this.body;
  }

  /** What is encoded: once it is closed, all of it. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  #encode(): void {
    this.#reserve(this.#text.length * 3); // the most that UTF-8 takes of a UTF-16 code unit
    this.#size += encoder.encodeInto(this.#text, this.#bytes.subarray(this.#size)).written;
    this.#text = "";
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#size + bytes));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
