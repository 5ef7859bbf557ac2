import { assertEquals } from "@std/assert";
import { MemoryStore } from "../../state/memory.ts";
import { ObservedStore, OperationReports, Reachability } from "../../state/observed.ts";
import { StateError, type StateErrorReason } from "../../state/store.ts";

type Outcome = "ok" | StateErrorReason;

/**
 * The changes of state that an observer is told of. `run` gets a function that starts an operation,
 * whose result ends it.
 */
async function changesDuring(
  run: (start: () => (outcome: Outcome) => Promise<void>) => Promise<void>,
): Promise<boolean[]> {
  const changes: boolean[] = [];
  const observer = { onReachable: (reachable: boolean) => void changes.push(reachable) };
  const inner = new MemoryStore();
  const reports = new OperationReports(observer, new Reachability(observer));
  const store = new ObservedStore(inner, reports);
  await run(() => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    inner.release = () => promise;
    const observed = store.release("key", "token").catch(() => {});
    return async (outcome) => {
      await new Promise((next) => setTimeout(next, 2)); // operations take time
      if (outcome === "ok") resolve(true);
      else reject(new StateError(outcome));
      await observed;
    };
  });
  return changes;
}

const FAILING = ["timeout", "unreachable", "failed"] as const;

for (const reason of FAILING) {
  Deno.test(`an observer is told once that the store ends with ${reason}, and once that it answers`, async () => {
    const changes = await changesDuring(async (start) => {
      for (const outcome of ["ok", "ok", reason, reason, "ok", "ok"] as const) {
        await start()(outcome);
      }
    });
    assertEquals(changes, [true, false, true]);
  });
}

for (const reason of ["full", "not_replicated"] as const) {
  Deno.test(`a store that refuses with ${reason} answers`, async () => {
    assertEquals(await changesDuring((start) => start()(reason)), [true]);
  });
}

Deno.test("timeouts among operations that succeed meanwhile are no change of state", async () => {
  const changes = await changesDuring(async (start) => {
    for (let rounds = 0; rounds < 3; rounds++) {
      const slow = start();
      await start()("ok");
      await slow("timeout");
    }
  });
  assertEquals(changes, [true]);
});

Deno.test("concurrent operations of a store that stops answering are one change", async () => {
  const changes = await changesDuring(async (start) => {
    await start()("ok");
    const both = [start(), start()];
    for (const settle of both) await settle("timeout");
  });
  assertEquals(changes, [true, false]);
});
