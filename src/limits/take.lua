-- Takes once from a bucket, as governor does in one process. Redis runs it in one step, so that of two
-- replicas that take at once one comes first.
--
-- KEYS[1]  the bucket
-- ARGV[1]  microseconds until there may be one more
-- ARGV[2]  how many there may be at once
-- ARGV[3]  what is taken for, or -1; the same is taken once
-- ARGV[4]  the time in microseconds; if empty this server's own, for the clocks of replicas differ
--
-- Answers how many microseconds to wait, or 0 if it was taken.
local interval, burst, step = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = tonumber(ARGV[4])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end

local minute = 60000
local whole = interval * burst
local full_at, last = now, -1
local kept = redis.call('GET', KEYS[1])
if kept then
    -- What somebody else has put there is no bucket.
    local at, of = kept:match('^(%d+) (-?%d+)$')
    at, of = at or now, of or -1
    -- A clock that was set back must not lock anybody out for longer than a bucket needs.
    full_at = math.max(now, math.min(tonumber(at), now + whole))
    last = tonumber(of)
    if step >= 0 and step <= last then
        redis.call('PEXPIRE', KEYS[1], minute)
        return 0
    end
end

full_at = full_at + interval
if full_at > now + whole then
    return full_at - now - whole
end
-- Written out, for Lua would round numbers of this size.
local text = string.format('%.0f %.0f', full_at, math.max(step, last))
redis.call('SET', KEYS[1], text, 'PX', minute)
return 0
