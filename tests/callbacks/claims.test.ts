import { assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { doneWork, doOnce } from "../../callbacks/claims.ts";
import { MemoryStore } from "../../state/memory.ts";
import { StateError } from "../../state/store.ts";

function clockedStore() {
  let nowMs = 0;
  const store = new MemoryStore({ now: () => nowMs });
  const options = { store, done: doneWork(store), leaseMs: 1_000, ttlMs: 60_000 };
  return { store, options, pass: (ms: number) => void (nowMs += ms) };
}

Deno.test("work that succeeded is not done again, until it is forgotten", async () => {
  const { options, pass } = clockedStore();
  let done = 0;
  const work = () => Promise.resolve(void done++);
  assertEquals(await doOnce("key", options, work), "done");
  pass(59_000);
  assertEquals(await doOnce("key", options, work), "done_before");
  pass(2_000);
  assertEquals(await doOnce("key", options, work), "done");
  assertEquals(done, 2);
});

Deno.test("work that failed is done again at once", async () => {
  const { options } = clockedStore();
  const failing = () => Promise.reject(new Error("not taken"));
  await assertRejects(() => doOnce("key", options, failing), Error, "not taken");
  assertEquals(await doOnce("key", options, () => Promise.resolve()), "done");
});

Deno.test("work is under way until its lease ends; then one of many takes it over", async () => {
  const { options, pass } = clockedStore();
  const never = new Promise<void>(() => {});
  void doOnce("key", options, () => never);
  await Promise.resolve();
  assertEquals(await doOnce("key", options, () => Promise.resolve()), "under_way");
  pass(1_001);
  const results = await Promise.all(
    [1, 2, 3, 4].map(() => doOnce("key", options, () => Promise.resolve())),
  );
  assertEquals(results.filter((result) => result === "done").length, 1);
});

Deno.test("work is not begun where the store does not tell, and counts where it fails after it", async () => {
  const { store, options, pass } = clockedStore();
  let done = 0;
  const work = () => Promise.resolve(void done++);
  const { claim, update } = store;
  store.claim = () => Promise.reject(new StateError("timeout", { maybeDone: true }));
  await assertRejects(() => doOnce("key", options, work), StateError);
  assertEquals(done, 0);
  store.claim = claim;
  store.update = () => Promise.reject(new StateError("unreachable"));
  assertEquals(await doOnce("key", options, work), "done");
  pass(2_000);
  assertEquals(await doOnce("key", options, work), "done_before");
  store.update = update;
  while (options.done.get("key")) await delay(10);
  assertEquals([await doOnce("key", options, work), done], ["done_before", 1]);
});
