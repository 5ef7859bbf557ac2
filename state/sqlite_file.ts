import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import type { DatabaseSync } from "node:sqlite";
import { StateError } from "./store.ts";

/** What a file must say in `user_version`; another number is another layout. */
const SCHEMA_VERSION = 1;

/** Says in `application_id` whose file it is: the ASCII codes of "SMSG". */
const APPLICATION_ID = 0x534d5347;

/** Several processes that open the file at once wait for each other for so long, in ms. */
const OPEN_TIMEOUT_MS = 5_000;
const OPEN_RETRY_MS = 5;

/**
 * `value` stands last, so that the other columns are read without it. `cleanup_at` is not after
 * `expires_at`: a column that updates do not change makes a cheaper index.
 */
const SCHEMA = `
  CREATE TABLE records (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    token TEXT NOT NULL,
    settled INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    cleanup_at INTEGER NOT NULL,
    value BLOB NOT NULL
  ) STRICT;
  CREATE INDEX records_by_cleanup ON records (cleanup_at);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Counters (sqlite_counters.ts): of each key and unit the current window, and the one before. The
 * table is made in files of before, too, which do not have it.
 */
const COUNTERS = `
  CREATE TABLE IF NOT EXISTS counters (
    key TEXT NOT NULL,
    unit TEXT NOT NULL,
    slot INTEGER NOT NULL,
    window INTEGER NOT NULL,
    used INTEGER NOT NULL,
    PRIMARY KEY (key, unit, slot)
  ) STRICT, WITHOUT ROWID;
`;

/** How a file is opened. */
export interface SqliteFileOptions {
  /** `full` calls fsync for every operation; see {@linkcode SqliteStore}. */
  synchronous: "normal" | "full";
  /** Upper bound of the file, in bytes. */
  maxBytes: number;
}

/**
 * Opens the file, or creates it with mode 0600, and its folder.
 *
 * @throws {StateError} `unreachable` if it cannot be opened, `failed` if it is another program's
 */
export function openSqliteFile(file: string, options: SqliteFileOptions): DatabaseSync {
  restrictMode(file);
  const deadline = performance.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      return open(file, options);
    } catch (error) {
      // The change to WAL does not wait for locks of others that open the file.
      const isLocked = error instanceof Error && /is locked/.test(error.message);
      if (!isLocked || performance.now() > deadline) throw toStateError(error);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, OPEN_RETRY_MS);
    }
  }
}

function open(file: string, { synchronous, maxBytes }: SqliteFileOptions): DatabaseSync {
  // Not an import: the bundle for Node would not start where the module is missing.
  const sqlite = process.getBuiltinModule("node:sqlite");
  if (!sqlite) {
    throw new StateError("failed", { detail: "SQLite needs Deno, or Node 22.13 or later" });
  }
  const database = new sqlite.DatabaseSync(file);
  try {
    database.exec(`PRAGMA busy_timeout = ${OPEN_TIMEOUT_MS}`);
    createSchema(database);
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`);
    database.exec(`PRAGMA max_page_count = ${pages(database, maxBytes)}`);
    database.exec("PRAGMA busy_timeout = 0");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function toStateError(error: unknown): StateError {
  if (error instanceof StateError) return error;
  const detail = error instanceof Error ? error.message : undefined;
  return new StateError("unreachable", { detail });
}

/** The number of pages that `maxBytes` are. */
export function pages(database: DatabaseSync, maxBytes: number): number {
  return Math.max(1, Math.floor(maxBytes / pragma(database, "page_size")));
}

/** SQLite gives the WAL the mode of the file. */
function restrictMode(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
  } catch {
    // It belongs to another user, or cannot be opened, which SQLite then says.
  }
}

function createSchema(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  const version = pragma(database, "user_version");
  const owner = pragma(database, "application_id");
  const isEmpty = pragma(database, "page_count") <= 1 && version === 0 && owner === 0;
  const isOwn = isEmpty || (version === SCHEMA_VERSION && owner === APPLICATION_ID);
  if (isEmpty) database.exec(SCHEMA);
  if (isOwn) database.exec(COUNTERS);
  database.exec("COMMIT");
  if (!isOwn) {
    throw new StateError("failed", { detail: "the file is not a store of this version" });
  }
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}
