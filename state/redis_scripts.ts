import { createHash } from "node:crypto";

/**
 * A record is a string: format version (1), `1` if it is settled, time of the claim and end of the
 * lease (13 digits each, epoch ms of the server), length of the token (3 digits), token, value.
 */
export const LAYOUT = { settled: 1, claimedAt: 2, leaseUntil: 15, tokenLength: 28, token: 31 };

const VERSION = "1";

/** `WAIT` and these scripts need no more than Redis 6.2 or Valkey. */
export interface Script {
  readonly source: string;
  readonly sha1: string;
}

export function script(source: string): Script {
  return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** ARGV: lease in ms, ttl in ms, length of the token and token, value. Returns now and record. */
export const CLAIM = script(`${NOW}
local record = redis.call('GET', KEYS[1])
if record then return {now, record} end
local times = string.format('%013.0f%013.0f', now, now + ARGV[1])
redis.call('SET', KEYS[1], '${VERSION}0' .. times .. ARGV[3] .. ARGV[4], 'PX', ARGV[2])
return {now, false}`);

/** Returns now and record. */
export const READ = script(`${NOW}
return {now, redis.call('GET', KEYS[1])}`);

const IF_OPEN_AND_MINE = `
local record = redis.call('GET', KEYS[1])
if not record or string.sub(record, 1, 2) ~= '${VERSION}0' then return 0 end
if string.sub(record, 29, 28 + #ARGV[1]) ~= ARGV[1] then return 0 end`;

/** ARGV: length of the token and token, ttl in ms, `1` if it is settled, value. Returns 1 or 0. */
export const UPDATE = script(`${IF_OPEN_AND_MINE}
local head = '${VERSION}' .. ARGV[3] .. string.sub(record, 3, 15) .. string.rep('0', 13)
redis.call('SET', KEYS[1], head .. ARGV[1] .. ARGV[4], 'PX', ARGV[2])
return 1`);

/** ARGV: length of the token and token. Returns 1 or 0. */
export const RELEASE = script(`${IF_OPEN_AND_MINE}
return redis.call('DEL', KEYS[1])`);

/** The length of a token (3 digits) and the token. */
export function packToken(token: string): string {
  return String(token.length).padStart(3, "0") + token;
}
