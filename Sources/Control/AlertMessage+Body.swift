import Codec
import Trading

extension AlertMessage {
    /// The body of a post.
    public func body(for service: Webhook.Service) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        switch service {
        case .slack: json.member("text", text)
        case .telegram(let chat):
            json.member("chat_id", chat)
            json.member("text", text)
        case .plain:
            json.member("schema", "arb.alert/1")
            json.member("at", at.rfc3339)
            json.member("severity", isCritical ? "critical" : "warning")
            json.member("code", code)
            json.key("pair")
            if let pair { json.string(pair) } else { json.null() }
            json.member("account", account)
            json.member("mode", mode)
            json.member("venues", venues)
            json.member("exposure_line", exposure)
            json.member("did", what)
            json.member("next", next)
            json.member("text", text)
        }
        json.endObject()
        return json.bytes
    }
}
