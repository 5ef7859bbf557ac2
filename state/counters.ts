/** Length of each window, in ms. Windows begin at multiples of it since the epoch, so in UTC. */
export const WINDOW_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** A minute, an hour or a day of the UTC calendar. */
export type WindowUnit = keyof typeof WINDOW_MS;

/** The most that may be used within each window of a kind. */
export interface WindowLimit {
  readonly unit: WindowUnit;
  /** A whole number. */
  readonly limit: number;
}

/** What {@linkcode Counters.reserve} takes. */
export interface ReservationRequest {
  /** A whole number; 0 takes nothing, and tells what is used. */
  readonly amount: number;
  /** At most one for each unit. */
  readonly limits: readonly WindowLimit[];
  /** Takes the amount although it exceeds a limit; default: false. */
  readonly force?: boolean;
}

/** What is used of a window. */
export interface WindowCount extends WindowLimit {
  /** Number of the window since the epoch. */
  readonly index: number;
  /** The reservation included, if it was made. */
  readonly used: number;
  /** Time until the window ends, in ms. */
  readonly resetMs: number;
}

/** The answer to a {@linkcode ReservationRequest}. */
export interface Reservation {
  /** Whether the amount was taken, from every window; otherwise from none. */
  readonly reserved: boolean;
  /** Whether the amount exceeded a limit. */
  readonly exceeded: boolean;
  /** In the order of the limits. */
  readonly windows: readonly WindowCount[];
}

/**
 * Amounts by calendar window (contract.md §6 and §7). Every adapter keeps these promises:
 *
 * - Atomicity: a reservation is one atomic step, for all processes that share the store. It takes
 *   the amount from all windows or from none: without `force`, `used` never exceeds a limit.
 * - Windows: those of the UTC calendar on the clock of the store: of the server (Redis), or else of
 *   the machine. Where that clock goes back by less than a window, the earlier window still has its
 *   count; where it goes back further, that window begins anew.
 * - Giving back: the amount is given back to the same windows. One that is over is not changed, and
 *   no window ever has less than 0.
 * - Limits are not stored: a changed limit applies to what is used already.
 * - Expiry: a key needs the same space however long it is used. Redis deletes it two days after its
 *   last use.
 * - Deadline and errors: an operation settles within the timeout of the store, and rejects with
 *   `StateError` only. Where `maybeDone` is true, the operation may have been carried out.
 */
export interface Counters {
  /** Takes an amount from the current windows of a key. */
  reserve(key: string, request: ReservationRequest): Promise<Reservation>;
  /** Gives back an amount that was reserved from these windows. */
  giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void>;
}

/** How many windows of a unit are remembered: the current one, and the one before. */
export const WINDOWS_KEPT = 2;

/** The windows at a time, where `usedIn` tells what is used of each. */
export function windowsAt(
  now: number,
  limits: readonly WindowLimit[],
  usedIn: (unit: WindowUnit, index: number) => number,
): WindowCount[] {
  return limits.map(({ unit, limit }) => {
    const index = Math.floor(now / WINDOW_MS[unit]);
    const resetMs = (index + 1) * WINDOW_MS[unit] - now;
    return { unit, limit, index, used: usedIn(unit, index), resetMs };
  });
}

/** Whether a request takes its amount, and what is used then; `windows` say what is used before. */
export function decideReservation(
  { amount, force = false }: ReservationRequest,
  windows: readonly WindowCount[],
): Reservation {
  const exceeded = windows.some(({ used, limit }) => used + amount > limit);
  const reserved = force || !exceeded;
  return {
    reserved,
    exceeded,
    windows: reserved
      ? windows.map((window) => ({ ...window, used: window.used + amount }))
      : windows,
  };
}
