internal import Codec
internal import Server

/// An object of JSON being written.
struct KalshiObject {
    private var json = JSONWriter()

    init() { json.beginObject() }

    /// A member with text; left out where there is none.
    mutating func text(_ name: StaticString, _ value: String?) { if let value { json.member(name, value) } }

    /// A member with a number; left out where there is none.
    mutating func number(_ name: StaticString, _ value: Int?) { if let value { json.member(name, value) } }

    mutating func flag(_ name: StaticString, _ value: Bool) { json.member(name, value) }

    /// A member that is JSON already.
    mutating func raw(_ name: StaticString, _ value: String) {
        json.key(name)
        Array(value.utf8).withUnsafeBytes { json.raw($0) }
    }

    mutating func list(_ name: StaticString, _ values: [String]) {
        raw(name, "[" + values.joined(separator: ",") + "]")
    }

    consuming func end() -> String {
        json.endObject()
        return json.string
    }
}

/// What a request is refused with: the four shapes of the venue's error bodies.
///
/// - Source: sheet of the venue's documentation, section 3.9.
enum KalshiRefusal: Error {
    /// `{"error":{"code":…,"message":…,"details":…}}`: authentication and the exchange.
    case nested(Int, String, details: String? = nil)
    /// `{"code":…,"message":…,"details":…}`: what cannot be decoded.
    case flat(Int, String, details: String)
    /// `{"msg":…}`: queries.
    case bare(Int, String)
    /// `{"error":…}`: rate limits.
    case words(Int, String)

    var status: Int {
        switch self {
        case .nested(let status, _, _), .flat(let status, _, _), .bare(let status, _), .words(let status, _): status
        }
    }

    /// The code, as far as there is one.
    var code: String {
        switch self {
        case .nested(_, let code, _), .flat(_, let code, _): code
        case .bare: "bad_query"
        case .words(_, let words): words
        }
    }

    private static func message(_ code: String) -> String {
        code == "authentication_error" ? code : code.replacing("_", with: " ")
    }

    /// The object of code, message and details, as batches carry it.
    var item: String {
        var object = KalshiObject()
        object.text("code", code)
        object.text("message", Self.message(code))
        switch self {
        case .nested(_, _, let details): object.text("details", details)
        case .flat(_, _, let details): object.text("details", details)
        case .bare, .words: break
        }
        return object.end()
    }

    var body: String {
        var object = KalshiObject()
        switch self {
        case .nested(_, "deprecated_v1_order_endpoint", let details):
            var inner = KalshiObject()
            inner.text("code", "deprecated_v1_order_endpoint")
            inner.text("message", "Please switch to the V2 endpoints")
            inner.text("details", details)
            object.raw("error", inner.end())
        case .nested: object.raw("error", item)
        case .flat: return item
        case .bare(_, let text): object.text("msg", text)
        case .words(_, let text): object.text("error", text)
        }
        return object.end()
    }

    /// A field that a decoder of the venue's kind could not take.
    static func type(_ field: String, _ found: String, _ wanted: String, of structure: String) -> KalshiRefusal {
        .flat(
            400, "bad_request",
            details: "json: cannot unmarshal \(found) into Go struct field \(structure).\(field) of type \(wanted)")
    }

    /// A field that is missing or has no allowed value.
    static func invalid(_ field: String, _ tag: String, of structure: String) -> KalshiRefusal {
        .flat(
            400, "bad_request",
            details: "Key: '\(structure).\(field)' Error:Field validation for '\(field)' failed on the '\(tag)' tag")
    }

    /// The answer for such an order or id as nobody has: equal for unknown, cancelled and executed ones.
    static let notFound = KalshiRefusal.nested(404, "not_found")
}

/// What a request is answered with.
struct KalshiAnswer {
    var status = 200
    var body = "{}"
    /// The order that it is about, where there is one.
    var order: String?

    init(_ status: Int = 200, _ body: String = "{}", order: String? = nil) {
        self.status = status
        self.body = body
        self.order = order
    }

    init(_ refusal: KalshiRefusal) {
        status = refusal.status
        body = refusal.body
    }

    var response: WebServer.Response { WebServer.Response(status: status, body: status == 204 ? [] : Array(body.utf8)) }
}
