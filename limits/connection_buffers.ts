/**
 * Most connections that may hold the rest of a refused body, since the last time that idle
 * connections were closed. Each takes up to 280 KiB on Deno 2.9.
 */
export const MAX_UNREAD_BODIES = 128;

/** Resident memory above which connections that are idle after a body are closed, in bytes. */
export const MAX_RESIDENT_BYTES = 400 * 1024 * 1024;

/** The memory is read each time that bodies of so many bytes have arrived. */
const READ_EVERY_BYTES = 16 * 1024 * 1024;

/** What was freed may stay resident: connections are closed again if so much was added, in bytes. */
const GROWTH_BYTES = 32 * 1024 * 1024;

/** The growth is allowed up to here only, in bytes. */
const MAX_ALLOWED_BYTES = 432 * 1024 * 1024;

/** Time from the decision until connections are closed and what was read on them has ended, in ms. */
const CLOSING_MS = 1_000;

/**
 * Decides when idle connections have to be closed for their memory. Deno keeps the buffer of a
 * connection until it ends: that of a body that was refused before it had arrived, and that of a
 * complete body. A caller can keep connections open for ever.
 */
export class ConnectionBuffers {
  /** Called when idle connections have to be closed. */
  onLimit: () => void = () => {};
  readonly #residentBytes: () => number;
  #unread = 0;
  #received = 0;
  #allowedBytes = MAX_RESIDENT_BYTES;
  #wereClosed = false;
  #closedAt = -Infinity;

  /** @param residentBytes reads the resident memory of the process, in bytes */
  constructor(residentBytes: () => number) {
    this.#residentBytes = residentBytes;
  }

  /**
   * Whether connections are being closed: a body that breaks off now may be one that this process has
   * cut off.
   */
  get areClosing(): boolean {
    return performance.now() - this.#closedAt < CLOSING_MS;
  }

  /** Counts an HTTP/1.1 request that was refused before its body had arrived. */
  refused(): void {
    if (++this.#unread < MAX_UNREAD_BODIES) return;
    this.#unread = 0;
    this.#close();
  }

  /** Counts a body that has arrived, of so many bytes. */
  received(bytes: number): void {
    this.#received += bytes;
    if (this.#received < READ_EVERY_BYTES) return;
    this.#received = 0;
    const resident = this.#residentBytes();
    if (this.#wereClosed) {
      this.#wereClosed = false;
      const allowed = Math.min(resident + GROWTH_BYTES, MAX_ALLOWED_BYTES);
      this.#allowedBytes = Math.max(MAX_RESIDENT_BYTES, allowed);
    }
    if (resident <= this.#allowedBytes) return;
    this.#wereClosed = true;
    this.#close();
  }

  #close(): void {
    this.#closedAt = performance.now();
    this.onLimit();
  }
}
