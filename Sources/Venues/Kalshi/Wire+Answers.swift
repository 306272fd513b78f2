import Codec
import Trading

// Answers to writes. What is optional may be absent or null; what is there must be what it should be.
extension Wire {
    /// What came of a create, alone or as a leg of a batch.
    struct CreateAnswer: Hashable {
        var orderID: String
        var clientOrderID: String?
        var fillCount: Quantity
        var remainingCount: Quantity
        /// YES price, whatever was traded.
        var averageFillPrice: Price?
        /// Of one contract, cut to a millionth; nil where it cannot be read: no reason to doubt the rest.
        var averageFeePaid: Money?
        var stamp: UTCNanos?
    }

    /// A leg of a batch: an order, or why there is none. The venue's names are there as far as it gives them.
    enum BatchLeg<Answer: Hashable>: Hashable {
        case done(Answer)
        case refused(orderID: String?, clientOrderID: String?, ErrorBody)
    }

    /// What a cancel took off the book.
    struct CancelAnswer: Hashable {
        var orderID: String
        var clientOrderID: String?
        var reducedBy: Quantity
        var stamp: UTCNanos?
    }

    /// What an amendment or a decrease left; sums are there only where they changed.
    struct ChangeAnswer: Hashable {
        var orderID: String
        var clientOrderID: String?
        var fillCount: Quantity?
        var remainingCount: Quantity?
        var averageFillPrice: Price?
        var stamp: UTCNanos?
    }

    static func create(_ root: JSONValue) throws(WireFault) -> CreateAnswer {
        try single(root)
        return CreateAnswer(
            orderID: try text(root, "order_id"), clientOrderID: try optionalText(root, "client_order_id"),
            fillCount: try count(root, "fill_count"), remainingCount: try count(root, "remaining_count"),
            averageFillPrice: try optionalPrice(root, "average_fill_price"),
            averageFeePaid: (try? optionalMoney(root, "average_fee_paid")) ?? nil,
            stamp: try milliseconds(root, "ts_ms"))
    }

    static func batchCreate(_ root: JSONValue) throws(WireFault) -> [BatchLeg<CreateAnswer>] {
        try legs(root) { leg throws(WireFault) in try create(leg) }
    }

    static func cancel(_ root: JSONValue) throws(WireFault) -> CancelAnswer {
        try single(root)
        return CancelAnswer(
            orderID: try text(root, "order_id"), clientOrderID: try optionalText(root, "client_order_id"),
            reducedBy: try count(root, "reduced_by"), stamp: try milliseconds(root, "ts_ms"))
    }

    static func batchCancel(_ root: JSONValue) throws(WireFault) -> [BatchLeg<CancelAnswer>] {
        try legs(root) { leg throws(WireFault) in try cancel(leg) }
    }

    static func amend(_ root: JSONValue) throws(WireFault) -> ChangeAnswer {
        try single(root)
        return ChangeAnswer(
            orderID: try text(root, "order_id"), clientOrderID: try optionalText(root, "client_order_id"),
            fillCount: try optionalCount(root, "fill_count"),
            remainingCount: try optionalCount(root, "remaining_count"),
            averageFillPrice: try optionalPrice(root, "average_fill_price"),
            stamp: try milliseconds(root, "ts_ms"))
    }

    static func decrease(_ root: JSONValue) throws(WireFault) -> ChangeAnswer {
        var answer = try amend(root)
        answer.remainingCount = try count(root, "remaining_count")
        return answer
    }

    /// The id of a group that was made.
    static func groupCreated(_ root: JSONValue) throws(WireFault) -> (id: String, exchangeIndex: Int?) {
        try single(root)
        return (try text(root, "order_group_id"), try optionalIndex(root, "exchange_index"))
    }

    private static func legs<Answer>(
        _ root: JSONValue, _ read: (JSONValue) throws(WireFault) -> Answer
    ) throws(WireFault) -> [BatchLeg<Answer>] {
        try single(root)
        guard let list = root["orders"], list.kind == .array else { throw WireFault(.missing, "orders") }
        var legs: [BatchLeg<Answer>] = []
        for element in list.elements {
            try single(element)
            if let error = element["error"], !error.isNull {
                guard let body = errorObject(error) ?? error.text.map({ ErrorBody(shape: .string, text: $0) }) else {
                    throw WireFault(.field, "error")
                }
                legs.append(
                    .refused(
                        orderID: try optionalText(element, "order_id"),
                        clientOrderID: try optionalText(element, "client_order_id"), body))
            } else {
                legs.append(.done(try read(element)))
            }
        }
        return legs
    }
}

// Errors.
extension Wire {
    /// A refusal as the venue words it. All of it is hostile text, cut to what a log line takes.
    struct ErrorBody: Hashable {
        /// Which of the four documented forms.
        enum Shape: Hashable {
            /// `{"error":{"code":…}}`
            case nested
            /// `{"code":…}`
            case flat
            /// `{"msg":…}`
            case bare
            /// `{"error":"…"}`
            case string
        }

        static let lengthMax = 256

        var shape: Shape
        /// Empty where the form has none.
        var code = ""
        var message = ""
        var details = ""

        init(shape: Shape, text: JSONText) {
            self.shape = shape
            message = Wire.cut(text)
        }

        init(shape: Shape, code: JSONText?, message: JSONText?, details: JSONText?) {
            self.shape = shape
            self.code = code.map(Wire.cut) ?? ""
            self.message = message.map(Wire.cut) ?? ""
            self.details = details.map(Wire.cut) ?? ""
        }
    }

    /// The refusal that a body is, in whichever of the four forms; nil for a body in none of them.
    static func errorBody(_ root: JSONValue) -> ErrorBody? {
        guard root.kind == .object, !root.hasDuplicateKeys else { return nil }
        if let error = root["error"], !error.isNull {
            if let text = error.text { return text.count > 0 ? ErrorBody(shape: .string, text: text) : nil }
            return errorObject(error)
        }
        if let code = root["code"]?.text, code.count > 0 {
            return ErrorBody(
                shape: .flat, code: code, message: root["message"]?.text, details: root["details"]?.text)
        }
        if let message = root["msg"]?.text, message.count > 0 { return ErrorBody(shape: .bare, text: message) }
        return nil
    }

    private static func errorObject(_ error: JSONValue) -> ErrorBody? {
        guard error.kind == .object, !error.hasDuplicateKeys, let code = error["code"]?.text, code.count > 0 else {
            return nil
        }
        return ErrorBody(shape: .nested, code: code, message: error["message"]?.text, details: error["details"]?.text)
    }

    fileprivate static func cut(_ text: JSONText) -> String {
        String(decoding: text.bytes.prefix(ErrorBody.lengthMax), as: UTF8.self)
    }
}

// Fields of answers.
extension Wire {
    /// One object, each of its keys once.
    static func single(_ value: JSONValue) throws(WireFault) {
        guard value.kind == .object else { throw WireFault(.field, "message") }
        guard !value.hasDuplicateKeys else { throw WireFault(.duplicate, "message") }
    }

    private static func present(_ value: JSONValue, _ key: StaticString) -> JSONValue? {
        guard let found = value[key], !found.isNull else { return nil }
        return found
    }

    static func optionalText(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> String? {
        guard let found = present(value, key) else { return nil }
        guard let text = found.text else { throw WireFault(.field, key) }
        return text.count > 0 ? text.string : nil
    }

    static func text(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> String {
        guard let text = try optionalText(value, key) else { throw WireFault(.missing, key) }
        return text
    }

    static func optionalCount(
        _ value: JSONValue, _ key: StaticString, _ form: DecimalForm = []
    ) throws(WireFault) -> Quantity? {
        guard let found = present(value, key) else { return nil }
        return Quantity(rawValue: try decimal(found, key, form))
    }

    static func count(
        _ value: JSONValue, _ key: StaticString, _ form: DecimalForm = []
    ) throws(WireFault) -> Quantity {
        guard let count = try optionalCount(value, key, form) else { throw WireFault(.missing, key) }
        return count
    }

    static func optionalMoney(
        _ value: JSONValue, _ key: StaticString, _ form: DecimalForm = []
    ) throws(WireFault) -> Money? {
        guard let found = present(value, key) else { return nil }
        return Money(rawValue: try decimal(found, key, form))
    }

    static func money(_ value: JSONValue, _ key: StaticString, _ form: DecimalForm = []) throws(WireFault) -> Money {
        guard let money = try optionalMoney(value, key, form) else { throw WireFault(.missing, key) }
        return money
    }

    static func optionalPrice(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> Price? {
        guard let found = present(value, key) else { return nil }
        return try price(found, key)
    }

    static func price(of value: JSONValue, _ key: StaticString) throws(WireFault) -> Price {
        guard let price = try optionalPrice(value, key) else { throw WireFault(.missing, key) }
        return price
    }

    static func optionalIndex(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> Int? {
        guard let found = present(value, key) else { return nil }
        guard let index = Int(exactly: try integer(found, key)) else { throw WireFault(.field, key) }
        return index
    }

    static func optionalInteger(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> Int64? {
        guard let found = present(value, key) else { return nil }
        return try integer(found, key)
    }

    static func flag(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> Bool {
        guard let found = present(value, key) else { throw WireFault(.missing, key) }
        guard let flag = found.bool else { throw WireFault(.field, key) }
        return flag
    }

    /// Milliseconds since the epoch; nil when absent.
    static func milliseconds(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> UTCNanos? {
        guard let number = try optionalInteger(value, key) else { return nil }
        guard let instant = UTCNanos(milliseconds: number) else { throw WireFault(.field, key) }
        return instant
    }

    /// RFC 3339 text; nil when absent.
    static func time(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> UTCNanos? {
        guard let text = try optionalText(value, key) else { return nil }
        guard let instant = UTCNanos(rfc3339: text) else { throw WireFault(.field, key) }
        return instant
    }
}
