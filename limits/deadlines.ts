/** Something that must be over by a certain time. */
interface Pending {
  readonly expiresAt: number;
  readonly expire: () => void;
}

/**
 * Many deadlines of the same length with one timer between them: setting and clearing one for
 * each request costs as much as reading its body does.
 */
export class Deadlines {
  /** In the order in which they expire, as all have the same length. */
  readonly #pending = new Set<Pending>();
  #armed = false;

  /** @param ms from the start of each to its end */
  constructor(readonly ms: number) {}

  /** Settles as `promise` does, or rejects with what `late` makes when the time is up first. */
  race<T>(promise: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const expiresAt = performance.now() + this.ms;
      const pending = { expiresAt, expire: () => reject(late()) };
      this.#pending.add(pending);
      if (!this.#armed) this.#arm(this.ms);
      promise.then((value) => {
        this.#pending.delete(pending);
        resolve(value);
      }, (error) => {
        this.#pending.delete(pending);
        reject(error);
      });
    });
  }

  #arm(ms: number): void {
    this.#armed = true;
    setTimeout(() => this.#expire(), ms);
  }

  #expire(): void {
    this.#armed = false;
    const now = performance.now();
    for (const pending of this.#pending) {
      if (pending.expiresAt > now) return this.#arm(pending.expiresAt - now);
      this.#pending.delete(pending);
      pending.expire();
    }
  }
}
