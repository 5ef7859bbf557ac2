import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async/delay";
import { startCluster, startClusterReplica, startRedis, until } from "../support/redis_server.ts";
import { newClaim, newKey, recordOf } from "./conformance.ts";
import { answers, conformance, opened, url } from "./redis_stores.ts";

conformance("Redis Cluster", async () => {
  const cluster = await startCluster();
  const hosts = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const at = `redis://${hosts}?cluster=true`;
  return { at, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
});

Deno.test("Redis Cluster: a claim is confirmed by the replica of its node", async () => {
  await using cluster = await startCluster();
  const [first] = cluster.nodes;
  assert(first);
  await using _replica = await startClusterReplica(first);
  await using open = await opened(`redis://127.0.0.1:${first.port}?cluster=true`, {
    replicas: 1,
    timeoutMs: 400,
  });
  const outcomes = new Set<string>();
  for (let index = 0; index < 30; index++) {
    const key = newKey();
    const outcome = await open.store.claim(key, newClaim()).then(() => "claimed", String);
    outcomes.add(outcome);
    const slot = Number(await first.cli("CLUSTER", "KEYSLOT", `sms-gateway:${key}`));
    assertEquals(outcome === "claimed", slot <= 5_460, `slot ${slot}: ${outcome}`);
  }
  assert(outcomes.has("StateError: state store: not_replicated"), [...outcomes].join());
});

Deno.test("Redis: a URL that takes a server for a Cluster, or the reverse, fails with the reply", async () => {
  await using server = await startRedis();
  await using cluster = await startCluster();
  const [node] = cluster.nodes;
  assert(node);
  for (
    const [at, code] of [[`${url(server)}?cluster=true`, "ERR"], [url(node), "MOVED"]] as const
  ) {
    await using open = await opened(at);
    const claims = Array.from({ length: 30 }, () => open.store.claim(newKey(), newClaim()));
    const outcomes = await Promise.all(claims.map((claim) => claim.then(() => "", String)));
    assert(outcomes.includes(`StateError: state store: failed (Redis answered ${code})`), code);
  }
});

Deno.test("Redis Cluster: a slot that moves takes its records with it", async () => {
  await using cluster = await startCluster();
  const [first, second] = cluster.nodes;
  assert(first && second);
  await using open = await opened(`redis://127.0.0.1:${first.port}?cluster=true`);
  const claims = Array.from({ length: 60 }, () => [newKey(), newClaim()] as const);
  for (const [key, claim] of claims) await open.store.claim(key, claim);
  const [from, to] = [await first.cli("CLUSTER", "MYID"), await second.cli("CLUSTER", "MYID")];
  const moving = first.cli(
    ...["--cluster", "reshard", `127.0.0.1:${first.port}`, "--cluster-from", from],
    ...["--cluster-to", to, "--cluster-slots", "3000", "--cluster-yes"],
  );
  for (const [key, { token }] of claims) {
    assertEquals((await recordOf(open.store, key)).token, token);
  }
  await moving;
  for (const [key, { token }] of claims) {
    assertEquals((await recordOf(open.store, key)).token, token);
    assertEquals(await open.store.release(key, token), true);
  }
});

Deno.test("Redis Cluster: when a primary dies, its replica goes on with the records", async () => {
  const args = ["--cluster-node-timeout", "1000"];
  await using cluster = await startCluster(args);
  const [first, second] = cluster.nodes;
  assert(first && second);
  await using _replica = await startClusterReplica(first, args);
  const at = `redis://127.0.0.1:${second.port}?cluster=true`;
  await using safe = await opened(at, { replicas: 1, timeoutMs: 400 });
  await using open = await opened(at);
  const claims = Array.from({ length: 20 }, () => [newKey(), newClaim()] as const);
  const kept: typeof claims = [];
  for (const [key, claim] of claims) {
    const { claimed } = await safe.store.claim(key, claim).catch(() => ({ claimed: false }));
    if (claimed) kept.push([key, claim]);
  }
  assert(kept.length > 0);
  await first.kill();
  for (const [key, { token }] of kept) {
    await until(async () => await open.store.claim(key, newClaim()).then(() => true, () => false));
    assertEquals((await recordOf(open.store, key)).token, token);
  }
});

Deno.test("Redis Cluster: when a primary was dead before it was first needed, its replica is found", async () => {
  const args = ["--cluster-node-timeout", "3000", "--cluster-require-full-coverage", "no"];
  await using cluster = await startCluster(args);
  const [first, second] = cluster.nodes;
  assert(first && second);
  await using replica = await startClusterReplica(first, args);
  await first.kill();
  await using open = await opened(`redis://127.0.0.1:${second.port}?cluster=true`);
  // All the time, since another key's reply must not keep the connection.
  const outcomes = async () =>
    await Promise.all(Array.from({ length: 30 }, () => answers(open.store)));
  assertEquals(new Set(await outcomes()), new Set([true, false]));
  await until(async () => {
    await outcomes();
    return /role:master/.test(await replica.cli("INFO", "replication"));
  });
  await until(async () => (await outcomes()).every(Boolean));
});

Deno.test("Redis Cluster: a node that was killed is unreachable, the others go on, and it is found again", async () => {
  await using cluster = await startCluster();
  const [first, second] = cluster.nodes;
  assert(first && second);
  for (const { cli } of cluster.nodes) {
    await cli("CONFIG", "SET", "cluster-require-full-coverage", "no");
  }
  await using open = await opened(`redis://127.0.0.1:${first.port}?cluster=true`);
  const outcomes = async () =>
    await Promise.all(Array.from({ length: 50 }, () => answers(open.store)));
  await until(async () => (await outcomes()).every(Boolean));
  await second.kill();
  await until(async () => new Set(await outcomes()).size === 2);
  await delay(1_500);
  assertEquals(new Set(await outcomes()), new Set([true, false]));
  await second.start();
  await until(async () => (await outcomes()).every(Boolean));
});
