/** The fault that an admin route has set, if any. */
export class ActiveFault<T extends { readonly times?: number | undefined }> {
  #fault: T | undefined;

  get current(): T | undefined {
    return this.#fault;
  }

  set(fault: T): void {
    this.#fault = fault;
  }

  clear(): void {
    this.#fault = undefined;
  }

  /** The fault for the next request or callback, if one is set; counts it. */
  take(): Omit<T, "times"> | undefined {
    if (!this.#fault) return undefined;
    const { times, ...fault } = this.#fault;
    if (times !== undefined) {
      this.#fault = times > 1 ? { ...this.#fault, times: times - 1 } : undefined;
    }
    return fault;
  }
}
