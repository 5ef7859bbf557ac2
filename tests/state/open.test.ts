import { assert, assertEquals, assertRejects } from "@std/assert";
import type { StoreOperation } from "../../state/observed.ts";
import { openStore } from "../../state/open.ts";
import { stateUrlProblem } from "../../state_url.ts";
import { parseRedisUrl } from "../../state_url.ts";
import { newClaim } from "./conformance.ts";

Deno.test("stateUrlProblem accepts every documented form", () => {
  for (
    const url of [
      "memory:",
      "sqlite:state.db",
      "sqlite:/var/lib/sms gateway/state.db?synchronous=full",
      "redis://localhost",
      "redis://localhost/",
      "rediss://user:p%40ss@redis.example.com:6380/2",
      "redis://[::1]:6379",
      "redis://a:1,b:2,[::1]:3?cluster=true",
      "rediss://:secret@node-1.example.com/0?cluster=true",
    ]
  ) assertEquals(stateUrlProblem(url), undefined, url);
});

Deno.test("stateUrlProblem says what is allowed, and quotes nothing of the URL", async () => {
  for (
    const url of [
      "",
      "memory",
      "memory:x",
      "sqlite:",
      "sqlite:x?mode=hunter2",
      "postgres://u:hunter2@localhost",
      "redis:",
      "redis://",
      "redis://:hunter2@",
      "redis://:hunter2@host:0",
      "redis://:hunter2@host:65536",
      "redis://:hunter2@host:port",
      "redis://:hunter2@ho st",
      "redis://:hunter2@host/x",
      "redis://:hunter2@host/1?cluster=true",
      "redis://:hunter2@a,b",
      "redis://:hunter2@a,?cluster=true",
      "redis://:hunter2@a?tls=true",
    ]
  ) {
    const problem = stateUrlProblem(url);
    assert(problem !== undefined && problem.endsWith("."), `${url}: ${problem}`);
    assert(!problem.includes("hunter2"), problem);
    const error = await assertRejects(() => openStore(url), TypeError);
    assertEquals(error.message, problem);
  }
});

Deno.test("parseRedisUrl reads hosts, database, TLS and credentials", () => {
  assertEquals(parseRedisUrl("rediss://us%20er:p@ss/w?rd%@[::1],b:7000?cluster=true"), {
    nodes: [{ host: "::1", port: 6379 }, { host: "b", port: 7000 }],
    cluster: true,
    tls: true,
    database: 0,
    username: "us er",
    password: "p@ss/w?rd%",
  });
  assertEquals(parseRedisUrl("redis://:a%3Ab@host:1/3"), {
    nodes: [{ host: "host", port: 1 }],
    cluster: false,
    tls: false,
    database: 3,
    password: "a:b",
  });
});

Deno.test("openStore reports every operation, and that the store answers once", async () => {
  const operations: StoreOperation[] = [];
  const reachable: boolean[] = [];
  const store = await openStore("memory:", {
    maxBytes: 1_000,
    onOperation: (operation) => operations.push(operation),
    onReachable: (is) => reachable.push(is),
  });
  const claim = newClaim();
  await store.claim("key", claim);
  await assertRejects(() => store.claim("another", newClaim()));
  await store.update("key", { ...claim, settled: false });
  await store.release("key", claim.token);
  assertEquals(
    operations.map(({ operation, outcome }) => `${operation} ${outcome}`),
    ["claim ok", "claim full", "update ok", "release ok"],
  );
  assert(operations.every(({ durationMs }) => durationMs >= 0 && durationMs < 1_000));
  assertEquals(reachable, [true]);
  await store.close();
});

Deno.test("openStore promises no replicas of a store that has none", async () => {
  await assertRejects(() => openStore("memory:", { replicas: 1 }), TypeError);
});

Deno.test("openStore opens a file by its path", async () => {
  const folder = await Deno.makeTempDir();
  const store = await openStore(`sqlite:${folder}/a b.db?synchronous=full`);
  assertEquals(store.kind, "sqlite");
  assertEquals(await store.claim("key", newClaim()), { claimed: true });
  await store.close();
  assert((await Deno.stat(`${folder}/a b.db`)).isFile);
  await Deno.remove(folder, { recursive: true });
});
