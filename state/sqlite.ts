import type { DatabaseSync, StatementSync } from "node:sqlite";
import { SqliteCounters } from "./sqlite_counters.ts";
import { openSqliteFile, pages, type SqliteFileOptions } from "./sqlite_file.ts";
import { retryLocked, toStateError } from "./sqlite_retry.ts";
import {
  type Change,
  type Claim,
  type ClaimResult,
  StateError,
  type StateStore,
  type StoredRecord,
} from "./store.ts";

/** Options of {@linkcode SqliteStore}. */
export interface SqliteStoreOptions extends Partial<SqliteFileOptions> {
  /** How long an operation waits for other processes, in ms. */
  timeoutMs: number;
  /** Wall clock, epoch ms, read once; default: `Date.now()`. */
  wallClock?: () => number;
}

/** Default of `maxBytes`: about two million records of 500 bytes. */
const DEFAULT_MAX_BYTES = 1024 ** 3;

/** Updates may use so much more than `maxBytes`: an answer that is not stored is not replayed. */
const UPDATE_RESERVE = 1.1;

/** Every so many claims delete so many expired records: more than are created in that time. */
const CLAIMS_PER_CLEANUP = 16;
const DELETED_PER_CLEANUP = 64;

const DUE = `(SELECT id FROM records WHERE cleanup_at <= ? LIMIT ${DELETED_PER_CLEANUP})`;

const STATEMENTS = {
  insert: `INSERT INTO records
    (key, token, settled, claimed_at, lease_until, expires_at, cleanup_at, value)
    VALUES (?, ?, 0, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
  select: `SELECT token, settled, claimed_at, lease_until, expires_at, value FROM records
    WHERE key = ?`,
  update: `UPDATE records SET settled = ?, lease_until = 0, expires_at = ?, value = ?
    WHERE key = ? AND token = ? AND settled = 0 AND expires_at > ?`,
  release: `DELETE FROM records WHERE key = ? AND token = ? AND settled = 0 AND expires_at > ?`,
  deleteExpired: `DELETE FROM records WHERE key = ? AND expires_at <= ?`,
  cleanUp: `DELETE FROM records WHERE expires_at <= ? AND id IN ${DUE}`,
  postpone: `UPDATE records SET cleanup_at = expires_at WHERE expires_at > ? AND id IN ${DUE}`,
  // Ids ascend with time, but for what several processes write at once.
  latestTime: `SELECT max(claimed_at) AS time FROM
    (SELECT claimed_at FROM records ORDER BY id DESC LIMIT 1000)`,
} as const;

type Statements = Record<keyof typeof STATEMENTS, StatementSync>;

/**
 * A store in a file, for the processes of one machine. Each operation is one SQLite statement that
 * commits by itself in WAL mode. A record survives the death of the process (kill -9), as the
 * kernel has it. With `synchronous: "normal"`, the default, a power cut or a crash of the kernel
 * can lose the records since the last checkpoint (1,000 pages): repeats of those requests would be
 * sent again. With `"full"` it loses none, at the price of an fsync per operation, during which
 * this thread does nothing else.
 *
 * Its clock is the wall clock when the file was opened, or the latest time in the file if that is
 * later, plus the time that has passed on the monotonic clock.
 */
export class SqliteStore implements StateStore {
  readonly kind = "sqlite";
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #timeoutMs: number;
  readonly #maxPages: number;
  readonly #clockBase: number;
  #claims = 0;

  /** @throws {StateError} if the file cannot be opened or belongs to another program */
  constructor(file: string, options: SqliteStoreOptions) {
    const { synchronous = "normal", maxBytes = DEFAULT_MAX_BYTES } = options;
    this.#database = openSqliteFile(file, { synchronous, maxBytes });
    this.#statements = prepareAll(this.#database);
    this.#timeoutMs = options.timeoutMs;
    this.#maxPages = pages(this.#database, maxBytes);
    const latest = Number(this.#statements.latestTime.get()?.time ?? 0);
    const wallClock = (options.wallClock ?? Date.now)();
    this.#clockBase = Math.max(wallClock, latest) - performance.now();
  }

  async claim(key: string, claim: Claim): Promise<ClaimResult> {
    if (this.#claims++ % CLAIMS_PER_CLEANUP === 0) this.#cleanUp();
    return await this.#retry(() => this.#tryClaim(key, claim));
  }

  async read(key: string): Promise<StoredRecord | undefined> {
    return await this.#retry(() => {
      const now = this.#now();
      const row = this.#statements.select.get(key);
      return row && Number(row.expires_at) > now ? toRecord(row, now) : undefined;
    });
  }

  async update(key: string, { token, value, settled, ttlMs }: Change): Promise<boolean> {
    return await this.#retry(() => {
      const now = this.#now();
      const { update } = this.#statements;
      const values = [Number(settled), now + Math.ceil(ttlMs), value, key, token, now] as const;
      return this.#withReserve(() => update.run(...values).changes === 1);
    });
  }

  async release(key: string, token: string): Promise<boolean> {
    const { release } = this.#statements;
    return await this.#retry(() => release.run(key, token, this.#now()).changes === 1);
  }

  /** Counters in the same file; usable until the store is closed. */
  counters(options: { wallClock?: () => number } = {}): SqliteCounters {
    return new SqliteCounters(this.#database, { timeoutMs: this.#timeoutMs, ...options });
  }

  close(): Promise<void> {
    this.#database.close();
    return Promise.resolve();
  }

  #now(): number {
    return Math.floor(this.#clockBase + performance.now());
  }

  /** The insert is the atomic step; the rest finds out why it did not happen. */
  #tryClaim(key: string, { token, value, leaseMs, ttlMs }: Claim): ClaimResult {
    const { insert, select, deleteExpired } = this.#statements;
    for (;;) {
      const now = this.#now();
      const expiresAt = now + Math.ceil(ttlMs);
      const times = [now, now + Math.ceil(leaseMs), expiresAt, expiresAt] as const;
      if (insert.run(key, token, ...times, value).changes === 1) return { claimed: true };
      const row = select.get(key);
      if (!row) continue; // Another process has just released it.
      if (Number(row.expires_at) > now) return { claimed: false, record: toRecord(row, now) };
      deleteExpired.run(key, now);
    }
  }

  #cleanUp(): void {
    const now = this.#now();
    try {
      this.#statements.cleanUp.run(now, now);
      this.#statements.postpone.run(now, now);
    } catch {
      // Locked: the next cleanup does it.
    }
  }

  #retry<T>(attempt: () => T): Promise<T> {
    return retryLocked(this.#timeoutMs, attempt);
  }

  #withReserve<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      if (toStateError(error).reason !== "full") throw error;
    }
    const reserve = Math.ceil(this.#maxPages * UPDATE_RESERVE) + 1;
    this.#database.exec(`PRAGMA max_page_count = ${reserve}`);
    try {
      return write();
    } finally {
      this.#database.exec(`PRAGMA max_page_count = ${this.#maxPages}`);
    }
  }
}

function prepareAll(database: DatabaseSync): Statements {
  const prepare = (name: keyof Statements) => database.prepare(STATEMENTS[name]);
  return {
    insert: prepare("insert"),
    select: prepare("select"),
    update: prepare("update"),
    release: prepare("release"),
    deleteExpired: prepare("deleteExpired"),
    cleanUp: prepare("cleanUp"),
    postpone: prepare("postpone"),
    latestTime: prepare("latestTime"),
  };
}

function toRecord(row: Record<string, unknown>, now: number): StoredRecord {
  if (!(row.value instanceof Uint8Array)) throw new StateError("failed", { detail: "not bytes" });
  return {
    token: String(row.token),
    value: row.value,
    settled: row.settled === 1,
    leaseExpired: Number(row.lease_until) <= now || Number(row.claimed_at) > now,
    ageMs: Math.max(0, now - Number(row.claimed_at)),
  };
}
