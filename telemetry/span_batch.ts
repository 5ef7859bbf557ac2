import type { ByteBudget } from "../limits/byte_budget.ts";

/** Text is encoded when there is this much of it, in characters: a call for each span costs more. */
const ENCODED_AT_ONCE = 32 * 1024;

/** The most that UTF-8 takes of a UTF-16 code unit, in bytes. */
const MAX_UTF8_BYTES = 3;

const encoder = new TextEncoder();

/**
 * Encoded spans in one growing array of bytes: what waits to be exported is no work for the GC.
 * Its bytes are counted in a budget from the first span until it is cleared.
 */
export class SpanBatch {
  /** How many spans it holds. */
  count = 0;
  readonly #prefix: string;
  readonly #budget: ByteBudget;
  #text = "";
  #bytes = new Uint8Array(0);
  #size = 0;

  /** @param prefix what the batch begins with, before the first span */
  constructor(prefix: string, budget: ByteBudget) {
    this.#prefix = prefix;
    this.#budget = budget;
  }

  /** Bytes it has; what is not encoded yet counts as a byte per character. */
  get byteLength(): number {
    return this.#size + this.#text.length;
  }

  /** Begins anew with the same memory; the bytes of before are gone. */
  clear(): void {
    this.#budget.used -= this.byteLength;
    this.count = 0;
    this.#text = "";
    this.#size = 0;
  }

  /** Adds a span, separated by a comma from the one before. */
  add(span: string): void {
    this.#append(this.count === 0 ? this.#prefix + span : `,${span}`);
    this.count++;
    if (this.#text.length >= ENCODED_AT_ONCE) this.#encode();
  }

  /** The whole batch, closed with `suffix`. Nothing can be added until it is cleared. */
  close(suffix: string): Uint8Array<ArrayBuffer> {
    this.#append(this.count === 0 ? this.#prefix + suffix : suffix);
    this.#encode();
    return this.body;
  }

  /** Gives back the memory that is not filled, for a batch that will wait. */
  trim(): void {
    if (this.#size < this.#bytes.byteLength) this.#bytes = this.#bytes.slice(0, this.#size);
  }

  /** What is encoded: once it is closed, all of it. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#size);
  }

  #append(text: string): void {
    this.#text += text;
    this.#budget.used += text.length;
  }

  #encode(): void {
    this.#reserve(this.#text.length * MAX_UTF8_BYTES);
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
