-- Masks by a regular expression, the cheapest way that people use. It leaks tokens shorter than the expression, keys spelt with
-- escapes, and whatever stands behind an escaped quote; none of these is in the lists measured.
local parts = ngx.ctx.parts or {}
ngx.ctx.parts = parts
parts[#parts + 1] = ngx.arg[1]
if ngx.arg[2] then
    local token = [[("token"\s*:\s*"[^"]{5})[^"]*([^"]{4}")]]
    ngx.arg[1] = ngx.re.gsub(table.concat(parts), token, "$1...$2", "jo")
else
    ngx.arg[1] = nil
end
