import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type Counters,
  decideReservation,
  type Reservation,
  type ReservationRequest,
  type WindowCount,
  WINDOWS_KEPT,
  windowsAt,
} from "./counters.ts";
import { retryLocked } from "./sqlite_retry.ts";

/** Options of {@linkcode SqliteCounters}. */
export interface SqliteCountersOptions {
  /** How long an operation waits for other processes, in ms. */
  timeoutMs: number;
  /** Wall clock, epoch ms; default: `Date.now()`. */
  wallClock?: () => number;
}

/** Counters in the file of the store, for the processes of one machine. */
export class SqliteCounters implements Counters {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #put: StatementSync;
  readonly #giveBack: StatementSync;
  readonly #timeoutMs: number;
  readonly #now: () => number;

  /** @param database stays open until the store that it belongs to is closed */
  constructor(database: DatabaseSync, options: SqliteCountersOptions) {
    this.#database = database;
    this.#select = database.prepare(
      "SELECT used FROM counters WHERE key = ? AND unit = ? AND slot = ? AND window = ?",
    );
    this.#put = database.prepare(
      `INSERT INTO counters (key, unit, slot, window, used) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (key, unit, slot) DO UPDATE SET window = excluded.window, used = excluded.used`,
    );
    this.#giveBack = database.prepare(
      `UPDATE counters SET used = max(0, used - ?)
        WHERE key = ? AND unit = ? AND slot = ? AND window = ?`,
    );
    this.#timeoutMs = options.timeoutMs;
    this.#now = options.wallClock ?? Date.now;
  }

  async reserve(key: string, request: ReservationRequest): Promise<Reservation> {
    return await this.#inTransaction(() => {
      const windows = windowsAt(this.#now(), request.limits, (unit, index) => {
        return Number(this.#select.get(key, unit, index % WINDOWS_KEPT, index)?.used ?? 0);
      });
      const reservation = decideReservation(request, windows);
      if (!reservation.reserved || request.amount === 0) return reservation;
      for (const { unit, index, used } of reservation.windows) {
        this.#put.run(key, unit, index % WINDOWS_KEPT, index, used);
      }
      return reservation;
    });
  }

  async giveBack(key: string, amount: number, windows: readonly WindowCount[]): Promise<void> {
    await this.#inTransaction(() => {
      for (const { unit, index } of windows) {
        this.#giveBack.run(amount, key, unit, index % WINDOWS_KEPT, index);
      }
    });
  }

  #inTransaction<T>(run: () => T): Promise<T> {
    return retryLocked(this.#timeoutMs, () => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const result = run();
        this.#database.exec("COMMIT");
        return result;
      } catch (error) {
        rollBack(this.#database);
        throw error;
      }
    });
  }
}

function rollBack(database: DatabaseSync): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has already done so, as with a full file.
  }
}
