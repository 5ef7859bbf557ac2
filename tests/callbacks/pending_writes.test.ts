import { assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { PendingWrites } from "../../callbacks/pending_writes.ts";
import { StateError } from "../../state/store.ts";

/** Writes to a store that does not answer until it is told to. */
function failingWrites({ maxItems = 100, retryDelaysMs = [1] } = {}) {
  const written = new Map<string, number>();
  const store = { error: new StateError("unreachable") as Error | undefined, attempts: 0 };
  const writes = new PendingWrites<number>({
    write(key, item) {
      store.attempts++;
      if (store.error) return Promise.reject(store.error);
      return Promise.resolve(written.set(key, item));
    },
    maxItems,
    retryDelaysMs,
  });
  return { store, writes, written };
}

Deno.test("however long the store does not answer, all is written once it does", async () => {
  const { store, writes, written } = failingWrites();
  const keys = Array.from({ length: 40 }, (_, index) => `${index}`);
  await Promise.all(keys.map((key, index) => writes.write(key, index)));
  while (store.attempts < 40 + 20 * 16) await delay(1);
  assertEquals([writes.get("39"), written.size], [39, 0]);
  store.error = undefined;
  while (written.size < 40) await delay(1);
  await writes.close();
  assertEquals([writes.get("39"), writes.lost, store.attempts < 500], [undefined, 0, true]);
});

Deno.test("one item that cannot be written does not hold up the others", async () => {
  const { store, writes, written } = failingWrites();
  await writes.write("first", 1);
  store.error = new StateError("full");
  await writes.write("second", 2);
  store.error = undefined;
  while (written.size < 1) await delay(1);
  assertEquals([[...written.keys()], writes.lost], [["first"], 1]);
});

Deno.test("items that are never taken do not hold up those behind them, at the end either", async () => {
  const written: string[] = [];
  const writes = new PendingWrites<boolean>({
    write: (key, isTaken) =>
      isTaken ? Promise.resolve(written.push(key)) : Promise.reject(new StateError("failed")),
    maxItems: 100,
    retryDelaysMs: [1],
  });
  for (let i = 0; i < 40; i++) await writes.write(`${i}`, false);
  await writes.write("good", true);
  assertEquals(written, ["good"]);
  const stored = { good: false };
  const others = new PendingWrites<boolean>({
    write: (key, isTaken) =>
      isTaken && stored.good
        ? Promise.resolve(written.push(key))
        : Promise.reject(new StateError("failed")),
    maxItems: 100,
    retryDelaysMs: [1],
  });
  for (let i = 0; i < 40; i++) await others.write(`${i}`, false);
  await others.write("later", true);
  stored.good = true;
  while (written.length < 2) await delay(1);
  await Promise.all([writes.close(), others.close()]);
  assertEquals([written, others.lost], [["good", "later"], 40]);
});

Deno.test("what is written in place of an item that waits is written last", async () => {
  const { store, writes, written } = failingWrites();
  await writes.write("key", 1);
  await writes.write("key", 2);
  assertEquals(writes.get("key"), 2);
  store.error = undefined;
  while (written.size < 1) await delay(1);
  assertEquals([written.get("key"), writes.lost], [2, 0]);
});

Deno.test("items beyond the limit, and those that wait at the end, are lost and counted", async () => {
  const { store, writes } = failingWrites({ maxItems: 2 });
  for (const key of ["a", "b", "c"]) await writes.write(key, 1);
  assertEquals([writes.lost, store.attempts], [1, 2]);
  await writes.close();
  assertEquals(writes.lost, 3);
});

Deno.test("what waits is tried once more at the end", async () => {
  const { store, writes, written } = failingWrites({ retryDelaysMs: [60_000] });
  await writes.write("key", 1);
  store.error = undefined;
  await writes.close();
  assertEquals([written.get("key"), writes.lost], [1, 0]);
});
