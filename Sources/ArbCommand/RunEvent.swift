import Codec
import Trading

/// What every `arb.event/1` of a run begins with.
struct RunEvent: Sendable {
    /// How it trades.
    let mode: String
    /// Whose venues.
    let venues: String
    /// Whose account.
    let account: String

    /// One line.
    ///
    /// - Parameter at: when it happened; nil: the event says so itself.
    func line(_ name: StaticString, at: UTCNanos? = nil, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.event/1")
        json.key("event")
        json.string(name)
        json.member("mode", mode)
        json.member("venues", venues)
        json.member("account", account)
        if let at { json.member("at", at.rfc3339) }
        fill(&json)
        json.endObject()
        json.newline()
        return json.bytes
    }
}
