import type { RedisAddress } from "../state_url.ts";
import { RedisStore, type RedisStoreOptions } from "./redis.ts";
import { RedisCounters } from "./redis_counters.ts";
import { RedisRunner, type RedisRunnerOptions } from "./redis_runner.ts";

/** Opens store and counters on one connection; settles after the first attempt to connect. */
export async function openRedis(
  address: RedisAddress,
  options: RedisStoreOptions & RedisRunnerOptions,
): Promise<{ store: RedisStore; counters: RedisCounters }> {
  const runner = new RedisRunner(address, options);
  await runner.firstAttempt();
  return { store: new RedisStore(runner, options), counters: new RedisCounters(runner) };
}
