import { assertEquals, assertRejects } from "@std/assert";
import {
  type Counters,
  decideReservation,
  type Reservation,
  type ReservationRequest,
} from "../../state/counters.ts";
import { type CountedBy, FallbackCounters } from "../../state/fallback_counters.ts";
import { MemoryCounters } from "../../state/memory_counters.ts";
import { StateError } from "../../state/store.ts";

const LIMITS = [{ unit: "hour", limit: 10 }] as const;
const NOON = Date.parse("2026-03-04T12:00:00Z");

/** A store whose behaviour can be changed, its counters, and how counting moved. */
function world() {
  let now = NOON;
  const store = new MemoryCounters({ now: () => now });
  const asked: ReservationRequest[] = [];
  const changes: CountedBy[] = [];
  const state = {
    /** What each reservation of the store awaits or throws. */
    before: (): Promise<void> => Promise.resolve(),
    /** What each reservation awaits or throws that takes something. */
    beforeWrite: (): Promise<void> => Promise.resolve(),
    asked,
    changes,
    store,
    setClock: (time: number) => void (now = time),
  };
  const shared: Counters = {
    async reserve(key, request): Promise<Reservation> {
      asked.push(request);
      await state.before();
      const { windows } = store.reserveNow(key, { ...request, amount: 0 });
      const isTaken = decideReservation(request, windows).reserved && request.amount > 0;
      if (isTaken) await state.beforeWrite();
      return store.reserveNow(key, request);
    },
    async giveBack(key, amount, windows) {
      await state.before();
      await store.giveBack(key, amount, windows);
    },
  };
  const counters = new FallbackCounters(shared, {
    onChange: (countedBy) => changes.push(countedBy),
    local: new MemoryCounters({ now: () => now }),
  });
  const down = () => Promise.reject(new StateError("unreachable"));
  return { ...state, state, counters, down };
}

const take = (counters: FallbackCounters, amount: number) =>
  counters.reserve("key", { amount, limits: LIMITS });

const summary = ({ reserved, countedBy, windows }: Awaited<ReturnType<typeof take>>) =>
  `${reserved ? "taken" : "refused"} by ${countedBy}, ${windows[0]?.used} used`;

Deno.test("while the store fails, an instance goes on from what the store has said last", async () => {
  const { counters, state, store, down, changes } = world();
  await take(counters, 3);
  store.reserveNow("key", { amount: 4, limits: LIMITS }); // by another instance
  await take(counters, 1);
  state.before = down;
  assertEquals(summary(await take(counters, 2)), "taken by instance, 10 used");
  assertEquals(summary(await take(counters, 1)), "refused by instance, 10 used");
  assertEquals(changes, ["instance"]);
});

Deno.test("when the store answers again, its counts hold, without what was counted meanwhile", async () => {
  const { counters, state, down, changes } = world();
  await take(counters, 3);
  state.before = down;
  await take(counters, 5);
  state.before = () => Promise.resolve();
  assertEquals(summary(await take(counters, 1)), "taken by store, 4 used");
  assertEquals(counters.known("key", LIMITS)[0]?.used, 4);
  assertEquals(changes, ["instance", "store"]);
});

Deno.test("a store that can be read but not written gives nothing of a budget back", async () => {
  const { counters, state, changes } = world();
  await take(counters, 3);
  state.beforeWrite = () => Promise.reject(new StateError("failed"));
  assertEquals(summary(await take(counters, 6)), "taken by instance, 9 used");
  assertEquals(summary(await take(counters, 0)), "taken by instance, 9 used");
  assertEquals(summary(await take(counters, 8)), "refused by store, 3 used");
  assertEquals(summary(await take(counters, 2)), "refused by instance, 9 used");
  assertEquals(counters.known("key", LIMITS)[0]?.used, 9);
  state.beforeWrite = () => Promise.resolve();
  assertEquals(summary(await take(counters, 0)), "taken by instance, 9 used");
  assertEquals(summary(await take(counters, 1)), "taken by store, 4 used");
  assertEquals(changes, ["instance", "store"]);
});

Deno.test("while the store is silent, one reservation at a time waits for it", async () => {
  const { counters, state, asked } = world();
  state.before = () => Promise.reject(new StateError("timeout", { maybeDone: true }));
  await take(counters, 1);
  const { promise: silence, reject } = Promise.withResolvers<void>();
  state.before = () => silence;
  const waiting = take(counters, 1);
  const others = await Promise.all([take(counters, 1), take(counters, 1)]);
  assertEquals(others.map(({ countedBy }) => countedBy), ["instance", "instance"]);
  assertEquals(asked.length, 2);
  reject(new StateError("timeout", { maybeDone: true }));
  assertEquals(summary(await waiting), "taken by instance, 4 used");
  state.before = () => Promise.resolve();
  assertEquals((await take(counters, 1)).countedBy, "store");
});

Deno.test("what was taken by the store is given back to it, and what the instance took to itself", async () => {
  const { counters, state, store, down } = world();
  const byStore = await take(counters, 3);
  state.before = down;
  const byInstance = await take(counters, 4);
  await counters.giveBack("key", 4, byInstance);
  assertEquals(counters.known("key", LIMITS)[0]?.used, 3);
  await counters.giveBack("key", 3, byStore); // the store does not take it back: it stays used
  state.before = () => Promise.resolve();
  const again = await take(counters, 2);
  await counters.giveBack("key", 2, again);
  assertEquals(store.reserveNow("key", { amount: 0, limits: LIMITS }).windows[0]?.used, 3);
});

Deno.test("what is known of a window that is over is nothing", async () => {
  const { counters, setClock } = world();
  await take(counters, 7);
  setClock(NOON + 3_600_000);
  assertEquals(counters.known("key", LIMITS)[0]?.used, 0);
});

Deno.test("an error that is none of the store is not hidden by counting on", async () => {
  const { counters, state } = world();
  state.before = () => Promise.reject(new TypeError("a fault of the program"));
  await assertRejects(() => take(counters, 1), TypeError);
});
