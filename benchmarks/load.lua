-- wrk's request: the JSON of the file named first. With "unseen" behind it, every @ in it becomes a name never used
-- before, so that no server can know the document. Prints its counts as JSON.

local before, names = {}, 0

function init(args)
  local file = assert(io.open(args[1]))
  local body = file:read("*a")
  file:close()
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  if args[2] ~= "unseen" then
    wrk.body = body
    return
  end
  math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000000)
  for part in (body .. "@"):gmatch("(.-)@") do
    before[#before + 1] = part
  end
  names = #before - 1
  request = function()
    local parts = {}
    for at = 1, names do
      parts[#parts + 1] = before[at]
      parts[#parts + 1] = string.format("x%07x%07x", math.random(0, 0xfffffff), math.random(0, 0xfffffff))
    end
    parts[#parts + 1] = before[names + 1]
    return wrk.format(nil, nil, nil, table.concat(parts))
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "bytes": %d, "failed": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
