import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { StateError } from "../../state/store.ts";
import { startRedis, until } from "../support/redis_server.ts";
import { newClaim, newKey, recordOf } from "./conformance.ts";
import { answers, conformance, failure, opened, url } from "./redis_stores.ts";

const LONG_MS = 60_000;

conformance("Redis", async () => {
  const server = await startRedis();
  return { at: url(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});

Deno.test("Redis: a stopped server is a timeout, and nothing that it was sent stays when it goes on", async () => {
  await using server = await startRedis();
  const reachable: boolean[] = [];
  await using open = await opened(url(server), { onReachable: (is) => reachable.push(is) });
  const { store } = open;
  const [key, taken] = [newKey(), newKey()];
  assert((await store.claim(taken, newClaim())).claimed);
  server.stop();
  assertEquals(await failure(() => store.claim(key, newClaim()), 300), "timeout");
  const claims = Array.from({ length: 20 }, () => failure(() => store.claim(key, newClaim()), 400));
  assertEquals(new Set(await Promise.all(claims)), new Set(["timeout"]));
  assertEquals(await failure(() => store.release(taken, "t"), 300), "timeout");
  server.continue();
  await until(async () => await server.cli("DBSIZE") === "1");
  assertEquals(await store.claim(key, newClaim()), { claimed: true });
  assertEquals(reachable, [true, false, true]);
});

Deno.test("Redis: a claim takes over the record of an earlier one that timed out", async () => {
  await using server = await startRedis();
  await using open = await opened(url(server));
  const key = newKey();
  server.stop();
  await failure(() => open.store.claim(key, newClaim()), 300);
  server.continue();
  assertEquals(await open.store.claim(key, newClaim()), { claimed: true });
  assertEquals((await open.store.claim(key, newClaim())).claimed, false);
});

Deno.test("Redis: a server that was killed is unreachable at once, and found when it is back", async () => {
  await using server = await startRedis();
  const reachable: boolean[] = [];
  await using open = await opened(url(server), { onReachable: (is) => reachable.push(is) });
  const { store } = open;
  const [key, claim] = [newKey(), newClaim()];
  await store.claim(key, claim);
  await server.kill();
  await until(async () =>
    await failure(() => store.claim(newKey(), newClaim()), 300) === "unreachable"
  );
  assertEquals(await failure(() => store.claim(newKey(), newClaim()), 20), "unreachable");
  await server.start();
  await until(() => answers(store));
  assertEquals((await recordOf(store, key)).token, claim.token);
  assertEquals(reachable, [true, false, true]);
});

Deno.test("Redis: a server that was down at the start is found when it comes", async () => {
  await using server = await startRedis();
  await server.kill();
  await using open = await opened(url(server));
  const { store } = open;
  const error = await assertRejects(() => store.claim(newKey(), newClaim()), StateError);
  assertEquals(error.message, "state store: unreachable (connection refused)");
  await server.start();
  await until(() => answers(store));
});

Deno.test("Redis: a server that is silent for long is left for a new connection when it is back", async () => {
  await using server = await startRedis();
  await using open = await opened(url(server), { timeoutMs: 50 });
  const { store } = open;
  server.stop();
  const end = performance.now() + 3_000;
  while (performance.now() < end) {
    await failure(() => store.claim(newKey(), newClaim()), 150);
  }
  server.continue();
  await until(() => answers(store));
  await until(async () => Number(await server.cli("DBSIZE")) <= 1);
  await delay(200);
  assert(await answers(store));
});

Deno.test("Redis: a slow server is a timeout, in time", async () => {
  await using server = await startRedis({ args: ["--enable-debug-command", "yes"] });
  await using open = await opened(url(server));
  await open.store.claim(newKey(), newClaim());
  const sleeping = server.cli("DEBUG", "SLEEP", "0.6");
  await delay(50);
  assertEquals(await failure(() => open.store.claim(newKey(), newClaim()), 300), "timeout");
  await sleeping;
  assert(await answers(open.store));
});

Deno.test("Redis: a script that the server has forgotten is sent again", async () => {
  await using server = await startRedis();
  await using open = await opened(url(server));
  const [key, claim] = [newKey(), newClaim()];
  await open.store.claim(key, claim);
  await server.cli("SCRIPT", "FLUSH");
  const change = { token: claim.token, value: new Uint8Array(3), settled: true, ttlMs: LONG_MS };
  assertEquals(await open.store.update(key, change), true);
  assertEquals((await recordOf(open.store, key)).settled, true);
});

Deno.test("Redis: records expire by themselves, and one that takes a claim's space is full", async () => {
  await using server = await startRedis();
  await using open = await opened(url(server));
  const [key, claim] = [newKey(), newClaim({ ttlMs: 5_000 })];
  await open.store.claim(key, claim);
  const ttlMs = Number(await server.cli("PTTL", `sms-gateway:${key}`));
  assert(ttlMs > 3_000 && ttlMs <= 5_000, `${ttlMs}`);
  await server.cli("CONFIG", "SET", "maxmemory", "1mb");
  const error = await assertRejects(() => open.store.claim(newKey(), newClaim()), StateError);
  assertEquals([error.reason, error.maybeDone], ["full", false]);
  assertEquals((await recordOf(open.store, key)).token, claim.token);
});
