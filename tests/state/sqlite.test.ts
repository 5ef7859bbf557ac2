import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { delay } from "@std/async/delay";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../state/sqlite.ts";
import { StateError } from "../../state/store.ts";
import { startProgram } from "../support/process.ts";
import { newClaim, newKey, recordOf, testConformance } from "./conformance.ts";

const LONG_MS = 60_000;

async function temporaryFile(): Promise<{ file: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-state-" });
  return {
    file: `${folder}/state.db`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

testConformance("SQLite", async () => {
  const { file, [Symbol.asyncDispose]: remove } = await temporaryFile();
  const [store, other] = [1, 2].map(() => new SqliteStore(file, { timeoutMs: 1_000 }));
  assert(store && other);
  return {
    store,
    other,
    async close() {
      await store.close();
      await other.close();
      await remove();
    },
  };
});

Deno.test("SQLite: what two processes claim on one file is disjoint, and survives kill -9", async () => {
  await using temporary = await temporaryFile();
  const env = { FILE: temporary.file, PREFIX: "key-" };
  await using one = startProgram("tests/state/sqlite_holder.ts", env);
  await using two = startProgram("tests/state/sqlite_holder.ts", env);
  const twenty = /(claimed key-\d+\n){20}/;
  await Promise.all([one.waitFor(twenty), two.waitFor(twenty)]);
  for (const program of [one, two]) program.kill("SIGKILL");
  const said = await Promise.all([one.ended(), two.ended()]);
  const [first = [], second = []] = said.map(({ stdout }) => stdout.match(/key-\d+(?=\n)/g) ?? []);
  assert(first.length >= 20 && second.length >= 20, `${first.length} and ${second.length}`);
  assertEquals(new Set([...first, ...second]).size, first.length + second.length);
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  for (const key of [...first, ...second]) {
    assertEquals((await recordOf(store, key)).leaseExpired, false, key);
  }
  await store.close();
});

Deno.test("SQLite: the file and its WAL can be read by their owner only", async () => {
  await using temporary = await temporaryFile();
  await Deno.writeTextFile(temporary.file, "", { mode: 0o644 });
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  await store.claim(newKey(), newClaim());
  for (const suffix of ["", "-wal"]) {
    const { mode } = await Deno.stat(temporary.file + suffix);
    assertEquals((mode ?? 0) & 0o777, 0o600, suffix);
  }
  await store.close();
});

Deno.test("SQLite: a lock of another process ends in a timeout, while this one goes on", async () => {
  await using temporary = await temporaryFile();
  const store = new SqliteStore(temporary.file, { timeoutMs: 100 });
  const locker = new DatabaseSync(temporary.file);
  locker.exec("BEGIN IMMEDIATE");
  let ticks = 0;
  const ticking = setInterval(() => ticks++, 5);
  const start = performance.now();
  const error = await assertRejects(() => store.claim(newKey(), newClaim()), StateError);
  const tookMs = performance.now() - start;
  clearInterval(ticking);
  assertEquals([error.reason, error.maybeDone], ["timeout", false]);
  assert(tookMs >= 90 && tookMs < 1_000, `${tookMs}`);
  assert(ticks > 0, `${ticks}`); // 0 if the wait blocked the event loop
  setTimeout(() => locker.exec("ROLLBACK"), 30);
  assertEquals(await store.claim(newKey(), newClaim()), { claimed: true });
  locker.close();
  await store.close();
});

Deno.test("SQLite: a full file refuses claims, keeps its records, still settles, and recovers", async () => {
  await using temporary = await temporaryFile();
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000, maxBytes: 200_000 });
  const ttlMs = 2_500;
  const value = new Uint8Array(2_000);
  const claims: [string, string][] = [];
  const start = performance.now();
  const error = await assertRejects(async () => {
    for (;;) {
      const [key, claim] = [newKey(), newClaim({ value, ttlMs })];
      await store.claim(key, claim);
      claims.push([key, claim.token]);
    }
  }, StateError);
  assertEquals([error.reason, error.maybeDone], ["full", false]);
  assert(claims.length > 20, `${claims.length}`);
  const [key = "", token = ""] = claims[0] ?? [];
  const answer = { token, value: new Uint8Array(12_000), settled: true, ttlMs: LONG_MS };
  assertEquals(await store.update(key, answer), true);
  for (const [key, token] of claims) assertEquals((await recordOf(store, key)).token, token);
  await delay(ttlMs + 50 - (performance.now() - start));
  for (let index = 0; index < 100; index++) {
    await store.claim(newKey(), newClaim({ value: new Uint8Array(10), ttlMs })).catch(() => {});
  }
  assertEquals(await store.claim(newKey(), newClaim({ value })), { claimed: true });
  await store.close();
});

Deno.test("SQLite: expired records are deleted as claims go on, others are not", async () => {
  await using temporary = await temporaryFile();
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  for (let index = 0; index < 1_000; index++) await store.claim(newKey(), newClaim({ ttlMs: 1 }));
  const [key, claim] = [newKey(), newClaim({ ttlMs: 500 })];
  await store.claim(key, claim);
  await store.update(key, { ...claim, settled: true, ttlMs: LONG_MS });
  await delay(550);
  for (let index = 0; index < 320; index++) await store.claim(newKey(), newClaim());
  assertEquals((await recordOf(store, key)).token, claim.token);
  await store.close();
  const database = new DatabaseSync(temporary.file);
  assertEquals(database.prepare("SELECT count(*) AS n FROM records").get()?.n, 321);
  database.close();
});

Deno.test("SQLite: a wall clock that was set back does not make leases longer", async () => {
  await using temporary = await temporaryFile();
  const ahead = new SqliteStore(temporary.file, {
    timeoutMs: 1_000,
    wallClock: () => Date.now() + 3_600_000,
  });
  const key = newKey();
  await ahead.claim(key, newClaim({ leaseMs: 50 }));
  await ahead.close();
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  await delay(70);
  const { leaseExpired, ageMs } = await recordOf(store, key);
  assertEquals(leaseExpired, true);
  assert(ageMs < 10_000, `${ageMs}`);
  await store.close();
});

Deno.test("SQLite: the file of another program, or of a later version, is left alone", async () => {
  await using temporary = await temporaryFile();
  const database = new DatabaseSync(temporary.file);
  database.exec("CREATE TABLE theirs (a)");
  assertThrows(() => new SqliteStore(temporary.file, { timeoutMs: 1 }), StateError, "version");
  const tables = database.prepare("SELECT name FROM sqlite_schema").all();
  assertEquals(tables.map(({ name }) => name), ["theirs"]);
  database.close();
  const inNoFolder = `${temporary.file}/x`;
  assertThrows(() => new SqliteStore(inNoFolder, { timeoutMs: 1 }), StateError);
});

Deno.test("SQLite: the folder of the file is made, for its owner only", async () => {
  await using temporary = await temporaryFile();
  const folder = `${temporary.file}-folder`;
  const store = new SqliteStore(`${folder}/below/state.db`, { timeoutMs: 1_000 });
  const { mode } = await Deno.stat(folder);
  assertEquals((mode ?? 0) & 0o777, 0o700);
  await store.close();
  await Deno.remove(folder, { recursive: true });
});
