-- An HAProxy action that delays a request: "http-request lua.delay <milliseconds>".
core.register_action("delay", { "http-req" }, function(_, milliseconds)
  core.msleep(tonumber(milliseconds))
end, 1)
