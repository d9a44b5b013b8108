-- Masks by parsing: keeps no number's spelling and no order of keys.
local cjson = require "cjson"
local parts = ngx.ctx.parts or {}
ngx.ctx.parts = parts
parts[#parts + 1] = ngx.arg[1]
if ngx.arg[2] then
    local list = cjson.decode(table.concat(parts))
    for _, key in ipairs(list.data) do
        local token = key.token
        key.token = #token < 17 and "***" or token:sub(1, 5) .. "..." .. token:sub(-4)
    end
    ngx.arg[1] = cjson.encode(list)
else
    ngx.arg[1] = nil
end
