import { assert, assertEquals } from "@std/assert";
import { openStateAt, type StoreAndCounters } from "../../state/open.ts";
import { FallbackCounters } from "../../state/fallback_counters.ts";
import { WINDOW_MS } from "../../state/counters.ts";
import { startCluster, startRedis, until } from "../support/redis_server.ts";
import { newKey } from "./conformance.ts";
import { minuteHasTime, testCounterConformance } from "./counter_conformance.ts";
import { failure, url } from "./redis_stores.ts";

const LIMITS = [{ unit: "minute", limit: 10 }, { unit: "day", limit: 30 }] as const;

type Started = { at: string } & AsyncDisposable;

const SERVERS: Record<string, () => Promise<Started>> = {
  async Redis() {
    const server = await startRedis();
    return { at: url(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  },
  async "Redis Cluster"() {
    const cluster = await startCluster();
    const hosts = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const at = `redis://${hosts}?cluster=true`;
    return { at, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
  },
};

/** Opened with time to spare on a busy machine; the deadline has tests of its own. */
const open = (at: string) => openStateAt(at, { timeoutMs: 2_000 });

async function answers({ counters }: StoreAndCounters): Promise<boolean> {
  const request = { amount: 1, limits: LIMITS };
  return await counters.reserve(newKey(), request).then(() => true, () => false);
}

for (const [name, start] of Object.entries(SERVERS)) {
  let running: Promise<Started> | undefined;
  Deno.test.afterAll(async () => await (await running)?.[Symbol.asyncDispose]());
  testCounterConformance(name, async () => {
    const { at } = await (running ??= start());
    const [one, two] = [await open(at), await open(at)];
    for (const state of [one, two]) await until(() => answers(state));
    const close = async () => void await Promise.all([one.store.close(), two.store.close()]);
    return { counters: one.counters, other: two.counters, close };
  }, { hasClock: false });
}

Deno.test("Redis counters: a server that refuses writes gives nothing of a budget back", async () => {
  await using server = await startRedis();
  const { store, counters: shared } = await open(url(server));
  const counters = new FallbackCounters(shared);
  const key = newKey();
  const limits = [{ unit: "day", limit: 10 }] as const;
  const taken = async (amount: number) => {
    const { reserved, countedBy, windows } = await counters.reserve(key, { amount, limits });
    return `${reserved} ${countedBy} ${windows[0]?.used}`;
  };
  assertEquals(await taken(4), "true store 4");
  await server.cli("CONFIG", "SET", "min-replicas-to-write", "1");
  assertEquals(await taken(5), "true instance 9");
  assertEquals(await taken(0), "true instance 9");
  assertEquals(await taken(2), "false instance 9");
  await server.cli("CONFIG", "SET", "min-replicas-to-write", "0");
  assertEquals([await taken(0), await taken(1)], ["true instance 9", "true store 5"]);
  await store.close();
});

Deno.test("Redis counters: windows that are over count as 0, and the last one is kept", async () => {
  await using server = await startRedis();
  const { store, counters } = await open(url(server));
  await minuteHasTime();
  const key = newKey();
  const field = (slot: number) => server.cli("HGET", `sms-gateway:budget:${key}`, `minute${slot}`);
  const index = Math.floor(Date.now() / WINDOW_MS.minute);
  const [now, last] = [index % 2, (index + 1) % 2];
  await server.cli(
    ...["HSET", `sms-gateway:budget:${key}`, `minute${last}`, `${index - 1}:9`],
    ...[`minute${now}`, `${index - 2}:10`],
  );
  const { windows } = await counters.reserve(key, { amount: 4, limits: LIMITS });
  assertEquals(windows.map(({ used }) => used), [4, 4]);
  assertEquals([await field(now), await field(last)], [`${index}:4`, `${index - 1}:9`]);
  await counters.giveBack(key, 3, windows.map((window) => ({ ...window, index: index - 1 })));
  assertEquals([await field(now), await field(last)], [`${index}:4`, `${index - 1}:6`]);
  await store.close();
});

Deno.test("Redis counters: a key has one hash, which expires two days after its last use", async () => {
  await using server = await startRedis();
  const { store, counters } = await open(url(server));
  const key = newKey();
  await counters.reserve(key, { amount: 0, limits: LIMITS });
  assertEquals(await server.cli("DBSIZE"), "0");
  await counters.reserve(key, { amount: 1, limits: LIMITS });
  assertEquals(await server.cli("DBSIZE"), "1");
  const ttlS = Number(await server.cli("TTL", `sms-gateway:budget:${key}`));
  assert(ttlS > 2 * 86_400 - 60 && ttlS <= 2 * 86_400, `${ttlS}`);
  await store.close();
});

Deno.test("Redis counters: a stopped or killed server fails in time, and keeps what it had", async () => {
  await using server = await startRedis();
  const { store, counters } = await openStateAt(url(server), { timeoutMs: 200 });
  const key = newKey();
  const limits = [{ unit: "day", limit: 30 }] as const;
  const { windows } = await counters.reserve(key, { amount: 5, limits });
  server.stop();
  assertEquals(await failure(() => counters.reserve(key, { amount: 0, limits }), 600), "timeout");
  assertEquals(await failure(() => counters.giveBack(key, 0, windows), 600), "timeout");
  server.continue();
  await server.kill();
  await until(async () =>
    await failure(() => counters.reserve(key, { amount: 0, limits }), 600) === "unreachable"
  );
  await server.start();
  await until(() =>
    counters.reserve(key, { amount: 0, limits }).then(
      ({ windows }) => windows[0]?.used === 5,
      () => false,
    )
  );
  await store.close();
});
