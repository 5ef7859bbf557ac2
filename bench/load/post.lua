-- Sends batches: POST /xms/v1/{plan}/batches, with each target in turn, repeatedly.
--
--   wrk -s post.lua <url> -- <targets file> <body file> <first target> <expected status> [keyed]
--
-- A target is a line "plan <tab> token". Every request is formatted before the run starts; with
-- "keyed" each is formatted when it is sent, as it has an Idempotency-Key of its own.
-- wrk counts statuses above 399 as errors. If such a status is expected, the others are counted in a
-- callback instead, which slows down the load generator.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local targets, body, first, expected = args[1], args[2], tonumber(args[3]), tonumber(args[4])
  local headers = { ["Content-Type"] = "application/json" }
  local content = io.open(body, "rb"):read("*a")
  local requests = {}
  for line in io.lines(targets) do
    local plan, token = line:match("^(%S+)\t(%S+)$")
    headers["Authorization"] = "Bearer " .. token
    table.insert(requests, wrk.format("POST", "/xms/v1/" .. plan .. "/batches", headers, content))
  end

  local count, next = #requests, first % #requests
  function request()
    next = next % count + 1
    return requests[next]
  end

  if args[5] == "keyed" then
    local plan, token = io.lines(targets)():match("^(%S+)\t(%S+)$")
    local run, number = tostring(os.time()) .. tostring(first) .. tostring({}), 0
    headers["Authorization"] = "Bearer " .. token
    function request()
      number = number + 1
      headers["Idempotency-Key"] = run .. "-" .. number
      return wrk.format("POST", "/xms/v1/" .. plan .. "/batches", headers, content)
    end
  end

  unexpected = -1
  if expected > 399 then
    unexpected = 0
    function response(status)
      if status ~= expected then unexpected = unexpected + 1 end
    end
  end
end

function done(summary, latency)
  local errors = summary.errors
  local unexpected = threads[1]:get("unexpected")
  local refused = unexpected < 0 and errors.status or unexpected
  io.write(string.format(
    '{"requests":%d,"seconds":%f,"failed":%d,"p50Ms":%f,"p99Ms":%f,"p999Ms":%f}\n',
    summary.requests,
    summary.duration / 1e6,
    refused + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3
  ))
end
