import { atMost } from "../limits/deadlines.ts";

/** Writes bytes; resolves when all of them are written, rejects on failure. */
export type WriteBytes = (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>;

/** Longest time until a line is written, in ms: one write per line would be too expensive. */
const FLUSH_INTERVAL_MS = 50;

/** Buffered lines are written as soon as they have this many characters. */
const FLUSH_SIZE_CHARS = 64 * 1024;

/**
 * Maximum size of the buffer while the reader of the log is slow, in bytes: the lines of a minute at
 * 300 requests per second. Further lines are dropped and counted.
 */
export const MAX_WAITING_LINE_BYTES = 8 * 1024 * 1024;

/** Longest time that a reader that has stopped reading may delay the exit, in ms. */
const CLOSE_TIMEOUT_MS = 300;

/** Lines that are written by one call. */
interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Number of lines; 0 after they were counted as dropped. */
  lines: number;
}

const encoder = new TextEncoder();

/** Writes lines in batches, one write at a time. Memory is bounded; dropped lines are counted. */
export class LineWriter {
  readonly #write: WriteBytes;
  readonly #onDropped: (lines: number) => void;
  /** Encoded chunks, oldest first; the first one may be being written. */
  readonly #chunks: Chunk[] = [];
  /** Total size of the chunks, in bytes. */
  #bytes = 0;
  #text = "";
  #lines = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** @param onDropped called with the number of lines lost to a full buffer or a failed write */
  constructor(write: WriteBytes, onDropped: (lines: number) => void) {
    this.#write = write;
    this.#onDropped = onDropped;
  }

  /** Buffers a line, given without its line break. */
  add(line: string): void {
    if (this.#bytes + this.#text.length > MAX_WAITING_LINE_BYTES) return this.#onDropped(1);
    this.#text += line + "\n";
    this.#lines++;
    if (this.#text.length >= FLUSH_SIZE_CHARS) {
      this.#encode();
      void this.#flush();
    } else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_INTERVAL_MS);
  }

  /** Writes the buffered lines; drops those not written within {@linkcode CLOSE_TIMEOUT_MS}. */
  async close(): Promise<void> {
    await atMost(CLOSE_TIMEOUT_MS, this.#flush());
    this.#encode();
    this.#onDropped(this.#chunks.reduce((sum, { lines }) => sum + lines, 0));
    for (const chunk of this.#chunks) chunk.lines = 0;
    // The first chunk is still being written; #writeAll removes it.
    for (const { bytes } of this.#chunks.splice(1)) this.#bytes -= bytes.byteLength;
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // With nothing to write, #writeAll would finish before the assignment to #writing.
    if (this.#chunks.length > 0 || this.#lines > 0) this.#writing ??= this.#writeAll();
    return this.#writing ?? Promise.resolve();
  }

  #encode(): void {
    if (this.#lines === 0) return;
    const bytes = encoder.encode(this.#text);
    this.#chunks.push({ bytes, lines: this.#lines });
    this.#bytes += bytes.byteLength;
    this.#text = "";
    this.#lines = 0;
  }

  async #writeAll(): Promise<void> {
    for (;;) {
      if (this.#chunks.length === 0) this.#encode();
      const [chunk] = this.#chunks;
      if (!chunk) break;
      // A failed write must not fail a request.
      await this.#write(chunk.bytes).catch(() => this.#onDropped(chunk.lines));
      this.#bytes -= chunk.bytes.byteLength;
      this.#chunks.shift();
    }
    this.#writing = undefined;
  }
}
