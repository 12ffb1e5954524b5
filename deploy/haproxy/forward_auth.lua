-- Asks remint whether the token of a request is good. The answer is in txn.remint_status and
-- txn.remint_subject; no answer leaves them unset, so that nobody is let in.
core.register_action("remint_verify", { "http-req" }, function(txn, address)
    local headers = txn.http:req_get_headers()
    local asked = { ["x-forwarded-for"] = { txn.f:src() } }
    for _, name in ipairs({ "authorization", "cookie" }) do
        if headers[name] then
            asked[name] = {}
            for index = 0, #headers[name] do
                table.insert(asked[name], headers[name][index])
            end
        end
    end
    local url = "http://" .. address .. "/api/auth/verify"
    local answer = core.httpclient():get({ url = url, headers = asked, timeout = 5000 })
    if not answer or not answer.status then
        return
    end
    txn:set_var("txn.remint_status", answer.status)
    local subject = answer.headers and answer.headers["x-auth-subject"]
    if answer.status == 204 and subject then
        txn:set_var("txn.remint_subject", subject[0])
    end
end, 1)
