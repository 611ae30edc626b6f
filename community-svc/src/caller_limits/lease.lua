-- Hands out calls of the present second, by the clock of Redis, on one key: which
-- second it is and how many calls of it were handed out.
--
-- KEYS[1]  one caller's
-- ARGV     calls in a second; how many are wanted
-- answers  how many are granted; ms until the second ends

local limit, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local used = 0
-- What cannot be read, or is of a foreign type, is replaced.
local raw = redis.pcall('GET', KEYS[1])
if type(raw) == 'string' then
  local second, count = raw:match('^(%d+) (%d+)$')
  if second == time[1] then used = tonumber(count) end
end
local granted = math.max(0, math.min(wanted, limit - used))
redis.call('SET', KEYS[1], time[1] .. ' ' .. string.format('%d', used + granted), 'PX', 2000)
return {granted, math.ceil((1000000 - tonumber(time[2])) / 1000)}
