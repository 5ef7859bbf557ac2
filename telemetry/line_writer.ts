import { atMost } from "../limits/deadlines.ts";

/** Writes bytes and resolves when all of them are written; rejects where that is not possible. */
export type WriteBytes = (bytes: Uint8Array<ArrayBuffer>) => Promise<unknown>;

/** Lines wait at most this long, in ms: a write per line would cost more than the line. */
const FLUSH_INTERVAL_MS = 50;

/** Lines are written at once when this many characters wait. */
const FLUSH_SIZE = 64 * 1024;

/**
 * The most that waits for a slow reader of the log, in bytes. It is a minute of 300 requests per
 * second; what comes after that is dropped and counted.
 */
export const MAX_WAITING_LINE_BYTES = 8 * 1024 * 1024;

/** How long a reader that does not read may delay the end of the process, in ms. */
const CLOSE_TIMEOUT_MS = 300;

/** Lines that are written together. */
interface Chunk {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How many lines it has; 0 once they are counted as lost. */
  lines: number;
}

const encoder = new TextEncoder();

/** Writes lines in batches, one write at a time. Its memory is bounded; what is lost is counted. */
export class LineWriter {
  readonly #write: WriteBytes;
  readonly #onLost: (lines: number) => void;
  /** Encoded, the oldest first; the first one may be in the middle of its write. */
  readonly #chunks: Chunk[] = [];
  /** Sum of the chunks' bytes. */
  #bytes = 0;
  #text = "";
  #lines = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;

  /** @param onLost told of lines that were not written: too many waited, or a write failed */
  constructor(write: WriteBytes, onLost: (lines: number) => void) {
    this.#write = write;
    this.#onLost = onLost;
  }

  /** Takes a line without its line break. */
  add(line: string): void {
    if (this.#bytes + this.#text.length > MAX_WAITING_LINE_BYTES) return this.#onLost(1);
    this.#text += line + "\n";
    this.#lines++;
    if (this.#text.length >= FLUSH_SIZE) {
      this.#encode();
      void this.#flush();
    } else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_INTERVAL_MS);
  }

  /** Writes what waits; what is not written within {@linkcode CLOSE_TIMEOUT_MS} is lost. */
  async close(): Promise<void> {
    await atMost(CLOSE_TIMEOUT_MS, this.#flush());
    this.#encode();
    this.#onLost(this.#chunks.reduce((sum, { lines }) => sum + lines, 0));
    for (const chunk of this.#chunks) chunk.lines = 0;
    // The first one is still being written, and removed when that ends.
    for (const { bytes } of this.#chunks.splice(1)) this.#bytes -= bytes.byteLength;
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Only where there is something to write does it end after it was assigned.
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
      // A log that cannot be written must not stop a request.
      await this.#write(chunk.bytes).catch(() => this.#onLost(chunk.lines));
      this.#bytes -= chunk.bytes.byteLength;
      this.#chunks.shift();
    }
    this.#writing = undefined;
  }
}
