import { WINDOW_MS, WINDOWS_KEPT } from "./counters.ts";
import { NOW, script } from "./redis_scripts.ts";

/** A key lives for two days after its last use, so that the day before is still known. */
const TTL_MS = WINDOWS_KEPT * WINDOW_MS.day;

/**
 * A hash has a field for each slot of a window: `minute0`, `minute1`, `hour0` and so on; its value
 * is the index of the window and what is used of it, with a colon between. A field of another
 * window counts as 0.
 */
const USED_IN = `
local function slot(unit, index) return unit .. string.format('%.0f', index % ${WINDOWS_KEPT}) end
local function usedIn(unit, index)
  local value = redis.call('HGET', KEYS[1], slot(unit, index))
  local found, used = string.match(value or '', '^(%d+):(%d+)$')
  if not found or tonumber(found) ~= index then return 0 end
  return tonumber(used)
end
local function put(unit, index, used)
  local value = string.format('%.0f:%.0f', index, used)
  redis.call('HSET', KEYS[1], slot(unit, index), value)
end`;

/**
 * ARGV: amount, `1` to take it in any case, then name, length in ms and limit of each window.
 * Returns the time in ms, then what was used of each window before.
 */
export const RESERVE = script(`${NOW}
${USED_IN}
local amount = tonumber(ARGV[1])
local fits = true
local used = {}
for i = 3, #ARGV, 3 do
  local index = math.floor(now / ARGV[i + 1])
  used[i] = usedIn(ARGV[i], index)
  if used[i] + amount > tonumber(ARGV[i + 2]) then fits = false end
end
local reply = {string.format('%.0f', now)}
for i = 3, #ARGV, 3 do
  reply[#reply + 1] = string.format('%.0f', used[i])
  if amount > 0 and (fits or ARGV[2] == '1') then
    put(ARGV[i], math.floor(now / ARGV[i + 1]), used[i] + amount)
  end
end
if amount > 0 and (fits or ARGV[2] == '1') then redis.call('PEXPIRE', KEYS[1], ${TTL_MS}) end
return reply`);

/** ARGV: amount, then name and index of each window. Returns 1. */
export const GIVE_BACK = script(`${USED_IN}
for i = 2, #ARGV, 2 do
  local index = tonumber(ARGV[i + 1])
  local used = usedIn(ARGV[i], index)
  if used > 0 then put(ARGV[i], index, math.max(0, used - ARGV[1])) end
end
return 1`);
