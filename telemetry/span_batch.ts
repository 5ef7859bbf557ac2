import type { ByteBudget } from "../limits/byte_budget.ts";

/** Spans are encoded in portions of this size, in characters: one call per span costs more. */
const ENCODE_SIZE_CHARS = 32 * 1024;

/** Maximum size of one UTF-16 code unit in UTF-8, in bytes. */
const MAX_UTF8_BYTES_PER_CHAR = 3;

const encoder = new TextEncoder();

/**
 * Encoded spans in one growing byte array, which the garbage collector does not have to traverse.
 * Its bytes are counted in a budget until it is cleared.
 */
export class SpanBatch {
  /** Number of spans. */
  count = 0;
  readonly #prefix: string;
  readonly #budget: ByteBudget;
  #text = "";
  #bytes = new Uint8Array(0);
  #size = 0;

  /** @param prefix the text before the first span */
  constructor(prefix: string, budget: ByteBudget) {
    this.#prefix = prefix;
    this.#budget = budget;
  }

  /** Size in bytes; text that is not encoded yet counts as one byte per character. */
  get byteLength(): number {
    return this.#size + this.#text.length;
  }

  /** Removes all spans and keeps the allocated memory; invalidates the last `body`. */
  clear(): void {
    this.#budget.used -= this.byteLength;
    this.count = 0;
    this.#text = "";
    this.#size = 0;
  }

  /** Adds a span, after a comma unless it is the first. */
  add(span: string): void {
    this.#append(this.count === 0 ? this.#prefix + span : `,${span}`);
    this.count++;
    if (this.#text.length >= ENCODE_SIZE_CHARS) this.#encode();
  }

  /** Appends `suffix` and returns the body. No span may be added until the batch is cleared. */
  close(suffix: string): Uint8Array<ArrayBuffer> {
    this.#append(this.count === 0 ? this.#prefix + suffix : suffix);
    this.#encode();
    return this.body;
  }

  /** Frees unused memory, for a batch that is not sent immediately. */
  trim(): void {
    if (this.#size < this.#bytes.byteLength) this.#bytes = this.#bytes.slice(0, this.#size);
  }

  /** The encoded part: after `close`, the whole batch. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  #append(text: string): void {
    this.#text += text;
    this.#budget.used += text.length;
  }

  #encode(): void {
    this.#reserve(this.#text.length * MAX_UTF8_BYTES_PER_CHAR);
    const { written } = encoder.encodeInto(this.#text, this.#bytes.subarray(this.#size));
    this.#size += written;
    this.#budget.used += written - this.#text.length;
    this.#text = "";
  }

  #reserve(bytes: number): void {
    if (this.#size + bytes <= this.#bytes.byteLength) return;
    const grown = new Uint8Array(Math.max(this.#bytes.byteLength * 2, this.#size + bytes));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}
