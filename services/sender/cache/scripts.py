"""What runs inside Redis, atomically and by its clock; times in microseconds.

A number's pace is how much of its limit is used: Meta's refusals lower it, time brings it back.
"""

# The generic cell rate algorithm for many keys in one call. A reserved moment is answered as the wait until it (0 or
# more), a refusal as -1 - wait. ARGV: within, recovery (share of the limit an hour brings back, in millionths a
# second), then for each key its interval and its slack.
RESERVE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local within, recovery = tonumber(ARGV[1]), tonumber(ARGV[2])
local answers = {}
for i = 1, #KEYS, 2 do
  local interval, slack = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local lowered = redis.call('HMGET', KEYS[i + 1], 'pace', 'at')
  if lowered[1] then
    local pace = math.min(tonumber(lowered[1]) + (now - tonumber(lowered[2])) * recovery / 1e12, 1)
    interval, slack = interval / pace, slack * pace
  end
  local mark = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
  local wait = math.max(mark - now - slack, 0)
  if wait <= within then
    redis.call('SET', KEYS[i], string.format('%.0f', mark + interval), 'PX', 3600000)
    answers[(i + 1) / 2] = math.floor(wait)
  else
    answers[(i + 1) / 2] = -1 - math.floor(wait)
  end
end
return answers
"""

# Nothing before so many microseconds from now.
REST = """
local time = redis.call('TIME')
local mark = time[1] * 1000000 + time[2] + tonumber(ARGV[1])
if mark > tonumber(redis.call('GET', KEYS[1]) or '0') then
  redis.call('SET', KEYS[1], string.format('%.0f', mark), 'PX', 3600000)
end
return 1
"""

# Lower a pace, at most once in a second: refusals that were under way together count once. ARGV: factor, least pace,
# recovery.
LOWER = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local known = redis.call('HMGET', KEYS[1], 'pace', 'at')
local pace = 1
if known[1] then
  if now - tonumber(known[2]) < 1000000 then return 0 end
  pace = math.min(tonumber(known[1]) + (now - tonumber(known[2])) * tonumber(ARGV[3]) / 1e12, 1)
end
redis.call('HSET', KEYS[1], 'pace', math.max(pace * tonumber(ARGV[1]), tonumber(ARGV[2])),
  'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], 86400000)
return 1
"""

# Take a place in the window of each key if one is free: 0, or else the wait until the first gets free. A place is taken
# until it is given back, and at most for ARGV[1]. ARGV from 2: for each key its places and the name of the new one.
ENTER = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers = {}
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now))
  if redis.call('ZCARD', key) < tonumber(ARGV[2 * i]) then
    redis.call('ZADD', key, string.format('%.0f', now + tonumber(ARGV[1])), ARGV[2 * i + 1])
    redis.call('PEXPIRE', key, 120000)
    answers[i] = 0
  else
    answers[i] = math.max(tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]) - now, 1)
  end
end
return answers
"""

# Places are taken for so much longer, from now on. ARGV: for each key the time and the place.
LEAVE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, 'XX', string.format('%.0f', now + tonumber(ARGV[2 * i - 1])), ARGV[2 * i])
end
return 1
"""
