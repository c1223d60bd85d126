-- Asks back-python before each request goes on.
function envoy_on_request(handle)
  local call = {
    [":method"] = "GET",
    [":path"] = handle:headers():get(":path"),
    [":authority"] = "back-python",
  }
  local headers = handle:httpCall("back-python", call, nil, 5000)
  handle:logInfo("back-python answered " .. headers[":status"])
end
