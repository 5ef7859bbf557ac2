/**
 * Most connections that may hold the rest of a refused body, since the last time that idle
 * connections were closed. Each takes up to 280 KiB on Deno 2.9.
 */
export const MAX_UNREAD_BODIES = 128;

/**
 * Counts HTTP/1.1 requests that were refused before their body had arrived. Deno keeps the buffers
 * of such a connection until it ends, and a caller that stays can keep it open for ever.
 */
export class UnreadBodies {
  /** Called each time that {@linkcode MAX_UNREAD_BODIES} more were counted. */
  onLimit: () => void = () => {};
  #count = 0;

  add(): void {
    if (++this.#count < MAX_UNREAD_BODIES) return;
    this.#count = 0;
    this.onLimit();
  }
}
