-- Tells the upstream the path a second time.
function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace("x-path", headers:get(":path"))
end
