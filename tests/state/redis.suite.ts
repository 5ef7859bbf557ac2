import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { openStore, type OpenStoreOptions } from "../../state/open.ts";
import { StateError, type StateErrorReason, type StateStore } from "../../state/store.ts";
import { certificateAuthority } from "../support/certificates.ts";
import {
  type RedisServer,
  startCluster,
  startClusterReplica,
  startRedis,
  until,
} from "../support/redis_server.ts";
import { newClaim, newKey, recordOf, testConformance } from "./conformance.ts";

const LONG_MS = 60_000;

const url = ({ port }: RedisServer) => `redis://127.0.0.1:${port}/0`;

/** A store that is closed at the end of the scope. */
async function opened(
  at: string,
  options: OpenStoreOptions = {},
): Promise<{ store: StateStore } & AsyncDisposable> {
  const store = await openStore(at, { timeoutMs: 200, ...options });
  return { store, [Symbol.asyncDispose]: () => store.close() };
}

/** How an operation fails, and that it does so in time. */
async function failure(run: () => Promise<unknown>, withinMs: number): Promise<StateErrorReason> {
  const start = performance.now();
  const { reason } = await assertRejects(run, StateError);
  const tookMs = performance.now() - start;
  assert(tookMs < withinMs, `${reason} after ${tookMs} ms`);
  return reason;
}

async function answers(store: StateStore): Promise<boolean> {
  try {
    return (await store.claim(newKey(), newClaim())).claimed;
  } catch {
    return false;
  }
}

function conformance(name: string, start: () => Promise<{ at: string } & AsyncDisposable>): void {
  let running: ReturnType<typeof start> | undefined;
  Deno.test.afterAll(async () => await (await running)?.[Symbol.asyncDispose]());
  testConformance(name, async () => {
    const { at } = await (running ??= start());
    const [store, other] = [await openStore(at), await openStore(at)];
    const close = async () => void await Promise.all([store.close(), other.close()]);
    await until(() => answers(store));
    await until(() => answers(other));
    return { store, other, close };
  });
}

conformance("Redis", async () => {
  const server = await startRedis();
  return { at: url(server), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
});

conformance("Redis Cluster", async () => {
  const cluster = await startCluster();
  const hosts = cluster.nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  const at = `redis://${hosts}?cluster=true`;
  return { at, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
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

Deno.test("Redis: a policy that evicts records is warned of, noeviction is not", async () => {
  for (const [policy, expected] of [["allkeys-lru", 1], ["noeviction", 0]] as const) {
    await using server = await startRedis({ args: ["--maxmemory-policy", policy] });
    const warnings: string[] = [];
    await using open = await opened(url(server), { onWarning: (said) => warnings.push(said) });
    await open.store.claim(newKey(), newClaim());
    await delay(50);
    assertEquals(warnings.length, expected, policy);
    assert(warnings.every((warning) => warning.includes(policy)));
  }
});

Deno.test("Redis: the password is used, and in no error, warning or operation", async () => {
  const password = "p@ss:word/?#&%41";
  await using server = await startRedis({
    args: ["--requirepass", password],
    cliArgs: ["-a", password, "--no-auth-warning"],
  });
  const address = `127.0.0.1:${server.port}`;
  await using good = await opened(`redis://:${encodeURIComponent(password)}@${address}`);
  assert(await answers(good.store));
  const said: unknown[] = [];
  const wrong = `not-${password}`;
  for (const suffix of ["", "?cluster=true"]) {
    const at = `redis://default:${encodeURIComponent(wrong)}@${address}${suffix}`;
    await using bad = await opened(at, {
      onOperation: (operation) => said.push(operation),
      onWarning: (warning) => said.push(warning),
    });
    const error = await assertRejects(() => bad.store.claim(newKey(), newClaim()), StateError);
    said.push(Deno.inspect(error, { depth: 9 }), error.stack);
    assertEquals(error.message, "state store: failed (Redis answered WRONGPASS)");
  }
  assert(!Deno.inspect(said).includes(password) && !Deno.inspect(said).includes("p%40ss"));
});

Deno.test("Redis: a claim counts when enough replicas have it, and is released when they have not", async () => {
  await using primary = await startRedis();
  await using replica = await startRedis({
    args: ["--replicaof", "127.0.0.1", `${primary.port}`, "--repl-diskless-sync-delay", "0"],
  });
  const isLinked = async () => /master_link_status:up/.test(await replica.cli("INFO"));
  await until(isLinked);
  await using open = await opened(url(primary), { replicas: 1, timeoutMs: 400 });
  const { store } = open;
  const key = newKey();
  assertEquals(await store.claim(key, newClaim()), { claimed: true });
  assertEquals(await replica.cli("EXISTS", `sms-gateway:${key}`), "1");
  const many = Array.from({ length: 100 }, () => store.claim(newKey(), newClaim()));
  assert((await Promise.all(many)).every(({ claimed }) => claimed));
  replica.stop();
  const lost = newKey();
  const claims = Array.from(
    { length: 5 },
    () => failure(() => store.claim(newKey(), newClaim()), 500),
  );
  for (
    const reason of await Promise.all([
      failure(() => store.claim(lost, newClaim()), 500),
      ...claims,
    ])
  ) {
    assert(["not_replicated", "timeout"].includes(reason), reason);
  }
  await until(async () => await primary.cli("EXISTS", `sms-gateway:${lost}`) === "0");
  assertEquals((await recordOf(store, key)).leaseExpired, false);
  replica.continue();
  await until(isLinked);
  await until(() => answers(store));
  await until(async () => await primary.cli("DBSIZE") === "102");
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

Deno.test("Redis: rediss:// speaks TLS, and refuses certificates of others", async () => {
  const authority = await certificateAuthority();
  const { cert, key } = await authority.issue();
  await using server = await startRedis({ tls: { cert, key, ca: authority.cert } });
  const at = `rediss://localhost:${server.port}`;
  await using trusted = await opened(at, { tlsCa: authority.cert });
  await until(() => answers(trusted.store));
  const { message } = await failureAt(`rediss://127.0.0.1:${server.port}`, authority.cert);
  assert(/unreachable \(TLS certificate is for another host/.test(message), message);
  const other = await certificateAuthority();
  const { message: untrusted } = await failureAt(at, other.cert);
  assert(/unreachable \(TLS certificate not trusted/.test(untrusted), untrusted);
});

async function failureAt(at: string, tlsCa: string): Promise<StateError> {
  await using open = await opened(at, { tlsCa });
  return await assertRejects(() => open.store.claim(newKey(), newClaim()), StateError);
}
