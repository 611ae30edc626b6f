-- window.rs inside Redis, on one key: the same algorithm, one call at a time.
-- The key holds JSON, {"log":[[ms, requests, points, mark], ..]}, oldest first. The
-- mark is absent for what we let pass, "claim" for what only a claim knew, and a
-- correction's id.
--
-- KEYS[1]  the window
-- ARGV     now in ms, or "" for the server's clock; how far the window may be
--          filled: requests, points; the cost in points, or -1 to only look; the
--          number of corrections, then these, three each: age in ms, points, id;
--          then claims, three numbers each: age in ms, requests, points
-- answers  1 or 0 for allowed or refused; ms until it would be allowed;
--          requests used; points used

local WINDOW, LAG = 10000, 1000

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local max_requests, max_points = tonumber(ARGV[2]), tonumber(ARGV[3])
local cost = tonumber(ARGV[4])

-- What cannot be read, or is of a foreign type, is replaced.
local function stored_log()
  local raw = redis.pcall('GET', KEYS[1])
  if type(raw) ~= 'string' then return {} end
  local fine, state = pcall(cjson.decode, raw)
  if not fine or type(state) ~= 'table' or type(state.log) ~= 'table' then return {} end
  for _, entry in ipairs(state.log) do
    if type(entry) ~= 'table' then return {} end
    for i = 1, 3 do
      if type(entry[i]) ~= 'number' then return {} end
    end
  end
  return state.log
end

local log = {}
for _, entry in ipairs(stored_log()) do
  if entry[1] > now then entry[1] = now end
  if entry[1] >= now - 2 * WINDOW - LAG then log[#log + 1] = entry end
end

local function used_between(from, to)
  local requests, points = 0, 0
  for _, entry in ipairs(log) do
    if entry[1] >= from and entry[1] <= to then
      requests, points = requests + entry[2], points + entry[3]
    end
  end
  return requests, points
end

local function insert(entry)
  local index = 1
  while log[index] and log[index][1] <= entry[1] do index = index + 1 end
  table.insert(log, index, entry)
end

-- A correction can be sent twice, by callers that overlap or after an answer got lost.
local function is_counted(id)
  for _, entry in ipairs(log) do
    if entry[4] == id then return true end
  end
  return false
end

local first_claim = 6 + 3 * tonumber(ARGV[5])
for i = 6, first_claim - 1, 3 do
  local at, points, id = now - tonumber(ARGV[i]), tonumber(ARGV[i + 1]), ARGV[i + 2]
  if not is_counted(id) then
    local rest = points
    for _, entry in ipairs(log) do
      if entry[4] == 'claim' and entry[1] >= at then
        local part = math.min(entry[3], rest)
        entry[3], rest = entry[3] - part, rest - part
      end
    end
    insert({at, 0, points, id})
  end
end

for i = first_claim, #ARGV, 3 do
  local age = tonumber(ARGV[i])
  if age <= WINDOW then
    local at = now - age
    local requests, points = used_between(at - WINDOW - LAG, at)
    requests = math.max(0, tonumber(ARGV[i + 1]) - requests)
    points = math.max(0, tonumber(ARGV[i + 2]) - points)
    if requests > 0 or points > 0 then
      insert({at, requests, points, 'claim'})
    end
  end
end

local requests, points = used_between(now - WINDOW, now)
if cost < 0 then return {1, 0, requests, points} end

local need = math.min(cost, max_points)
local function fits(r, p) return r + 1 <= max_requests and p + need <= max_points end

local allowed, retry_after = 0, 0
if fits(requests, points) then
  allowed = 1
  log[#log + 1] = {now, 1, cost}
else
  local r, p = requests, points
  for _, entry in ipairs(log) do
    if entry[1] + WINDOW >= now then
      r, p = r - entry[2], p - entry[3]
      retry_after = entry[1] + WINDOW + 1 - now
      if fits(r, p) then break end
    end
  end
end

redis.call('SET', KEYS[1], cjson.encode({log = log}), 'PX', 2 * WINDOW + LAG)
return {allowed, retry_after, requests, points}
