/** A started deadline. */
export interface Deadline {
  /** On the clock of `performance.now()`, in ms. */
  readonly expiresAt: number;
  /** Called when it expires; `isShutdown`: expired early, since the gateway shuts down. */
  readonly expire: (isShutdown: boolean) => void;
}

/** Starts and clears deadlines. */
export interface DeadlineClock {
  /** Calls `expire` after `ms` milliseconds, unless the deadline is cleared before. */
  start(ms: number, expire: Deadline["expire"]): Deadline;
  clear(deadline: Deadline): void;
}

/**
 * Deadlines with a timer each, for runtimes where a timer belongs to the request that started it
 * (Workers): a shared timer would end with that request.
 */
export class SeparateDeadlines implements DeadlineClock {
  readonly #timers = new WeakMap<Deadline, ReturnType<typeof setTimeout>>();

  start(ms: number, expire: Deadline["expire"]): Deadline {
    const deadline = { expiresAt: performance.now() + ms, expire };
    this.#timers.set(deadline, setTimeout(() => expire(false), ms));
    return deadline;
  }

  clear(deadline: Deadline): void {
    clearTimeout(this.#timers.get(deadline));
  }
}

/** A deadline and its index in the list of pending ones; -1 once it is removed. */
interface Pending extends Deadline {
  index: number;
}

/**
 * Deadlines that share one timer. Most deadlines are cleared long before they expire, and a timer
 * for each would cost several microseconds.
 */
export class Deadlines implements DeadlineClock {
  // Not a Set: when V8 enlarges one, the old table keeps its entries, and so whole requests, in
  // memory until a full garbage collection.
  readonly #pending: Pending[] = [];
  #wakesAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(ms: number, expire: Deadline["expire"]): Deadline {
    const deadline = { expiresAt: performance.now() + ms, expire, index: this.#pending.length };
    this.#pending.push(deadline);
    if (deadline.expiresAt < this.#wakesAt) this.#wakeAt(deadline.expiresAt);
    return deadline;
  }

  clear(deadline: Deadline): void {
    this.#remove(deadline as Pending); // `start` returns no other kind
  }

  /** Expires all deadlines now, for a shutdown. */
  expireAll(): void {
    for (const deadline of [...this.#pending]) this.#expire(deadline, true);
  }

  #expire(deadline: Pending, isShutdown: boolean): void {
    if (deadline.index === -1) return; // cleared meanwhile
    this.#remove(deadline);
    deadline.expire(isShutdown);
  }

  /** Moves the last entry to the index of the removed one. */
  #remove(deadline: Pending): void {
    if (deadline.index === -1) return;
    const last = this.#pending.pop();
    if (last && last !== deadline) {
      this.#pending[deadline.index] = last;
      last.index = deadline.index;
    }
    deadline.index = -1;
  }

  #wakeAt(time: number): void {
    clearTimeout(this.#timer);
    this.#wakesAt = time;
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, time - performance.now()));
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    const now = performance.now();
    let next = Infinity;
    const due: Pending[] = [];
    for (const deadline of this.#pending) {
      if (deadline.expiresAt > now) next = Math.min(next, deadline.expiresAt);
      else due.push(deadline);
    }
    for (const deadline of due) this.#expire(deadline, false);
    if (next < this.#wakesAt) this.#wakeAt(next);
  }
}

/**
 * Runs work with a signal that aborts after `ms` milliseconds.
 *
 * @param message of the `TimeoutError` that the signal aborts with
 */
export async function withTimeout<T>(
  ms: number,
  message: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException(message, "TimeoutError")), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for a promise that never rejects, for at most `ms` milliseconds. */
export async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, timeUp]);
  clearTimeout(timer);
}
