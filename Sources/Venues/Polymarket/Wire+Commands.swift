import Codec

// What we say on the market channel, and what we ask for by REST.
extension Wire {
    /// The first message of a connection: the tokens whose books are wanted.
    static func subscribe(_ tokens: [String]) -> [UInt8] {
        var json = JSONWriter(reserved: 128 + tokens.count * 82)
        json.beginObject()
        json.member("type", "market")
        list(tokens, &json)
        json.member("custom_feature_enabled", true)
        json.member("initial_dump", true)
        json.endObject()
        return json.bytes
    }

    /// The keepalive that the venue answers with `PONG`.
    static let ping = Array("PING".utf8)

    private static func list(_ tokens: [String], _ json: inout JSONWriter) {
        json.key("assets_ids")
        json.beginArray()
        for token in tokens { json.string(token) }
        json.endArray()
    }

    /// The body of `POST /books`.
    static func booksBody(_ tokens: [String]) -> [UInt8] {
        var json = JSONWriter(reserved: 16 + tokens.count * 100)
        json.beginArray()
        for token in tokens {
            json.beginObject()
            json.member("token_id", token)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }
}
