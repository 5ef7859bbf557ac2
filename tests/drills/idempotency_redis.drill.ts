import { assert, assertEquals } from "@std/assert";
import { startRedis } from "../support/redis_server.ts";
import type { Drill } from "./kit/drill.ts";
import { startGateway } from "./kit/gateway_process.ts";
import { needsRedis } from "./kit/needs_redis.ts";
import { rawUpstream } from "./kit/raw_upstream.ts";
import { slowProxy } from "./kit/slow_proxy.ts";
import { rehearseOutage } from "./kit/store_outage.ts";
import { until } from "./kit/until.ts";

/** Redis writes each claim to its append-only file before it answers. */
async function killed(): Promise<string> {
  await using redis = await startRedis();
  const stateUrl = `redis://127.0.0.1:${redis.port}`;
  return await rehearseOutage({ stateUrl, begin: redis.kill, end: redis.start });
}

async function paused(): Promise<string> {
  await using redis = await startRedis();
  const stateUrl = `redis://127.0.0.1:${redis.port}`;
  return await rehearseOutage({ stateUrl, begin: redis.stop, end: redis.continue });
}

async function slow(): Promise<string> {
  await using redis = await startRedis();
  await using proxy = await slowProxy(redis.port);
  proxy.delayMs = 100;
  return await rehearseOutage({
    stateUrl: `redis://127.0.0.1:${proxy.port}`,
    begin: () => void (proxy.delayMs = 400),
    end: () => void (proxy.delayMs = 100),
  });
}

/** maxmemory-policy → whether the gateway warns of it. */
const POLICIES = { "noeviction": false, "allkeys-lru": true, "volatile-ttl": true };

async function eviction(): Promise<string> {
  for (const [policy, warns] of Object.entries(POLICIES)) {
    await using redis = await startRedis({ args: ["--maxmemory-policy", policy] });
    await using upstream = await rawUpstream();
    await using gateway = await startGateway({
      upstream: upstream.url,
      env: { STATE_URL: `redis://127.0.0.1:${redis.port}` },
    });
    const warnings = () => gateway.notices().filter((line) => line.includes("maxmemory-policy"));
    if (warns) await until(`a warning of ${policy}`, () => warnings().length > 0);
    const { status } = await gateway.post("m", { headers: { "idempotency-key": "key-1" } });
    assertEquals(status, 201);
    assertEquals(warnings().length, warns ? 1 : 0, `warnings of ${policy}`);
    assert(warnings().every((line) => line.includes(`"level":"warning"`) && line.includes(policy)));
  }
  return "one warning at the start for allkeys-lru and for volatile-ttl, none for noeviction";
}

export default [
  {
    name: "idempotency: Redis killed",
    did: "Redis is killed (kill -9) while callers send with and without keys, and started again",
    promised: "with a key: 503 in time, each message sent once, and sent again by itself when " +
      "Redis is back; without a key: 201",
    run: needsRedis(killed),
  },
  {
    name: "idempotency: Redis paused",
    did: "Redis is paused (SIGSTOP) while callers send with and without keys, and goes on",
    promised: "with a key: 503 in time, each message sent once, and sent again by itself when " +
      "Redis goes on; without a key: 201",
    run: needsRedis(paused),
  },
  {
    name: "idempotency: Redis slow",
    did: "every reply of Redis takes 100 ms, then 400 ms, with STATE_TIMEOUT_MS=250",
    promised: "with a key: 201 at 100 ms, 503 in time at 400 ms, each message sent once; without " +
      "a key: 201",
    run: needsRedis(slow),
  },
  {
    name: "idempotency: eviction",
    did: "the gateway starts with a Redis whose maxmemory-policy is noeviction, or is not",
    promised: "a warning says that a policy other than noeviction may evict records",
    run: needsRedis(eviction),
  },
] satisfies Drill[];
