/** A deadline that has been started. */
export interface Deadline {
  readonly expiresAt: number;
  /** What is to be done then; nothing, once the deadline is cleared. */
  expire: () => void;
}

/** Starts deadlines. */
export interface DeadlineClock {
  /** Calls `expire` in `ms` milliseconds, unless it is cleared before. */
  start(ms: number, expire: () => void): Deadline;
  clear(deadline: Deadline): void;
}

/**
 * A timer for every deadline, where timers belong to the request that set them (Workers): a
 * shared one would end with the request that happened to start it.
 */
export class SeparateDeadlines implements DeadlineClock {
  readonly #timers = new WeakMap<Deadline, ReturnType<typeof setTimeout>>();

  start(ms: number, expire: () => void): Deadline {
    const deadline = { expiresAt: performance.now() + ms, expire };
    this.#timers.set(deadline, setTimeout(expire, ms));
    return deadline;
  }

  clear(deadline: Deadline): void {
    clearTimeout(this.#timers.get(deadline));
  }
}

/**
 * Many deadlines with one timer between them. Most are met long before they are due: then
 * starting one is an entry in a set, where a timer each would cost several microseconds.
 */
export class Deadlines implements DeadlineClock {
  readonly #pending = new Set<Deadline>();
  #wakesAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(ms: number, expire: () => void): Deadline {
    const deadline = { expiresAt: performance.now() + ms, expire };
    this.#pending.add(deadline);
    if (deadline.expiresAt < this.#wakesAt) this.#wakeAt(deadline.expiresAt);
    return deadline;
  }

  clear(deadline: Deadline): void {
    // A set that was outgrown goes on holding what was in it until a full garbage collection;
    // through what is to be done, that would be whole requests.
    deadline.expire = nothing;
    this.#pending.delete(deadline);
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
    for (const deadline of this.#pending) {
      if (deadline.expiresAt > now) next = Math.min(next, deadline.expiresAt);
      else {
        this.#pending.delete(deadline);
        deadline.expire();
      }
    }
    if (next < this.#wakesAt) this.#wakeAt(next);
  }
}

function nothing() {}
