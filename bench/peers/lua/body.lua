-- Reads the request's body whole, and tells the client its length.
local NAMESPACE = "envoy.filters.http.lua"

function envoy_on_request(handle)
  local body = handle:body()
  local text = body:getBytes(0, body:length())
  handle:streamInfo():dynamicMetadata():set(NAMESPACE, "length", #text)
end

function envoy_on_response(handle)
  local known = handle:streamInfo():dynamicMetadata():get(NAMESPACE)
  handle:headers():replace("x-body-length", string.format("%d", known["length"]))
end
