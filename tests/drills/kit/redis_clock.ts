import { assertEquals } from "@std/assert";
import { LAYOUT } from "../../../state/redis_scripts.ts";
import type { RedisServer } from "../../support/redis_server.ts";

/** Shifts the two times of every record, and when it expires. ARGV: ms to subtract. */
const SHIFT = `
local shifted = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  local record = redis.call('GET', key)
  local function time(at) return string.sub(record, at + 1, at + 13) - ARGV[1] end
  local times = string.format('%013.0f%013.0f', time(${LAYOUT.claimedAt}), time(${LAYOUT.leaseUntil}))
  local ttl = math.max(1, redis.call('PTTL', key) - ARGV[1])
  local head = string.sub(record, 1, ${LAYOUT.claimedAt})
  redis.call('SET', key, head .. times .. string.sub(record, ${LAYOUT.tokenLength} + 1), 'PX', ttl)
  shifted = shifted + 1
end
return shifted`;

/**
 * Makes the records look as they do to a server whose clock is set forward (or back) by so many
 * seconds. libfaketime cannot set it: it does not start with jemalloc, which Redis uses.
 */
export async function jumpRedisClock(server: RedisServer, offsetS: number): Promise<void> {
  const records = await server.cli("DBSIZE");
  assertEquals(await server.cli("EVAL", SHIFT, "0", String(offsetS * 1_000)), records);
}
