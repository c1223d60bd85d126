-- Puts the outside's address in the place of the inside's, wherever a page names it.
function envoy_on_response(handle)
  local body = handle:body()
  local page = body:getBytes(0, body:length())
  body:setBytes((page:gsub("http://internal%.example", "https://www.example.com")))
end
