import { assert, assertEquals, assertRejects } from "@std/assert";
import { delay } from "@std/async/delay";
import { StateError } from "../../state/store.ts";
import { certificateAuthority } from "../support/certificates.ts";
import { startRedis, until } from "../support/redis_server.ts";
import { newClaim, newKey, recordOf } from "./conformance.ts";
import { answers, failure, opened, url } from "./redis_stores.ts";

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
  await until(() => answers(store)); // the link is up before the replica confirms anything
  const before = Number(await primary.cli("DBSIZE"));
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
  await until(async () => await primary.cli("DBSIZE") === `${before + 102}`);
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
