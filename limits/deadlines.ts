/** A deadline that has been started. */
export interface Deadline {
  readonly expiresAt: number;
  /** What is to be done then; `isOver`: before its time, as nothing is waited for any longer. */
  readonly expire: (isOver: boolean) => void;
}

/** Starts deadlines. */
export interface DeadlineClock {
  /** Calls `expire` in `ms` milliseconds, unless it is cleared before. */
  start(ms: number, expire: Deadline["expire"]): Deadline;
  clear(deadline: Deadline): void;
}

/**
 * A timer for every deadline, where timers belong to the request that set them (Workers): a
 * shared one would end with the request that happened to start it.
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

/** A deadline and its place among those that are pending; -1 where it is not. */
interface Pending extends Deadline {
  place: number;
}

/**
 * Many deadlines with one timer between them. Most are met long before they are due: then
 * starting one is an entry in a list, where a timer each would cost several microseconds.
 */
export class Deadlines implements DeadlineClock {
  // Not a set: one that is outgrown goes on holding what was in it, that is whole requests, until
  // a full garbage collection.
  readonly #pending: Pending[] = [];
  #wakesAt = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  start(ms: number, expire: Deadline["expire"]): Deadline {
    const deadline = { expiresAt: performance.now() + ms, expire, place: this.#pending.length };
    this.#pending.push(deadline);
    if (deadline.expiresAt < this.#wakesAt) this.#wakeAt(deadline.expiresAt);
    return deadline;
  }

  clear(deadline: Deadline): void {
    this.#remove(deadline as Pending); // there are no others
  }

  /** Has all of them expire before their time. */
  expireAll(): void {
    for (const deadline of [...this.#pending]) this.#expire(deadline, true);
  }

  #expire(deadline: Pending, isOver: boolean): void {
    if (deadline.place === -1) return; // cleared by one before it
    this.#remove(deadline);
    deadline.expire(isOver);
  }

  /** The last one takes its place. */
  #remove(deadline: Pending): void {
    if (deadline.place === -1) return;
    const last = this.#pending.pop();
    if (last && last !== deadline) {
      this.#pending[deadline.place] = last;
      last.place = deadline.place;
    }
    deadline.place = -1;
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

/** Waits for a promise that never rejects, but not for longer than `ms` milliseconds. */
export async function atMost(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, timeUp]);
  clearTimeout(timer);
}
