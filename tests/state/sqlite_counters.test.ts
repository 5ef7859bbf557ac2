import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "../../state/sqlite.ts";
import { StateError } from "../../state/store.ts";
import { testCounterConformance } from "./counter_conformance.ts";

const DAY = [{ unit: "day", limit: 10 }] as const;

async function temporaryFile(): Promise<{ file: string } & AsyncDisposable> {
  const folder = await Deno.makeTempDir({ prefix: "sms-gateway-counters-" });
  return {
    file: `${folder}/state.db`,
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

testCounterConformance("SQLite", async () => {
  const { file, [Symbol.asyncDispose]: remove } = await temporaryFile();
  const stores = [1, 2].map(() => new SqliteStore(file, { timeoutMs: 1_000 }));
  let now = 0;
  const [counters, other] = stores.map((store) => store.counters({ wallClock: () => now }));
  assert(counters && other);
  return {
    counters,
    other,
    setClock: (time) => void (now = time),
    async close() {
      for (const store of stores) await store.close();
      await remove();
    },
  };
});

Deno.test("SQLite counters are still there when the file is opened again", async () => {
  await using temporary = await temporaryFile();
  const first = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  await first.counters().reserve("key", { amount: 7, limits: DAY });
  await first.close();
  const second = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  const { windows } = await second.counters().reserve("key", { amount: 1, limits: DAY });
  assertEquals(windows.map(({ used }) => used), [8]);
  await second.close();
});

Deno.test("SQLite counters are made in a file of a version that had none", async () => {
  await using temporary = await temporaryFile();
  await new SqliteStore(temporary.file, { timeoutMs: 1_000 }).close();
  const database = new DatabaseSync(temporary.file);
  database.exec("DROP TABLE counters");
  database.close();
  const store = new SqliteStore(temporary.file, { timeoutMs: 1_000 });
  assert((await store.counters().reserve("key", { amount: 1, limits: DAY })).reserved);
  await store.close();
});

Deno.test("SQLite counters: a lock of another process ends in a timeout, and takes nothing", async () => {
  await using temporary = await temporaryFile();
  const store = new SqliteStore(temporary.file, { timeoutMs: 100 });
  const counters = store.counters();
  const { windows } = await counters.reserve("key", { amount: 1, limits: DAY });
  const locker = new DatabaseSync(temporary.file);
  locker.exec("BEGIN IMMEDIATE");
  const error = await assertRejects(
    () => counters.reserve("key", { amount: 1, limits: DAY }),
    StateError,
  );
  assertEquals([error.reason, error.maybeDone], ["timeout", false]);
  await assertRejects(() => counters.giveBack("key", 1, windows), StateError);
  locker.exec("ROLLBACK");
  locker.close();
  const after = await counters.reserve("key", { amount: 0, limits: DAY });
  assertEquals(after.windows.map(({ used }) => used), [1]);
  await store.close();
});
