import Codec
import Trading

// What the venue answers to orders and cancels.
extension Wire {
    /// The answer to one order: alone, or one leg of a batch.
    struct OrderAnswer: Hashable, Sendable {
        /// Where the order stands by the answer's own word.
        enum Status: Hashable, Sendable {
            case live, matched, delayed, unmatched
            /// No word at all: refused, or nobody knows.
            case none
            /// A word that is not documented.
            case unknown(String)
        }

        var isSuccess = false
        /// Why not; empty where nothing is wrong.
        var errorText = ""
        /// Empty where the venue gave the order no name.
        var orderID = ""
        var status = Status.none
        /// Given and got, in 1e-8; nil where the venue leaves them empty.
        var making: Int64?
        var taking: Int64?
        var trades: [String] = []
    }

    static func orderAnswer(_ root: JSONValue) throws(WireFault) -> OrderAnswer {
        try object(root, "order answer")
        var answer = OrderAnswer()
        guard let success = root["success"]?.bool else { throw WireFault(.missing, "success") }
        answer.isSuccess = success
        answer.errorText = try text(root["errorMsg"], "errorMsg") ?? ""
        answer.orderID = try text(root["orderID"], "orderID") ?? ""
        answer.status = status(try text(root["status"], "status") ?? "")
        answer.making = try amount(root["makingAmount"], "makingAmount")
        answer.taking = try amount(root["takingAmount"], "takingAmount")
        answer.trades = try texts(root["tradeIDs"], "tradeIDs")
        return answer
    }

    /// One answer a leg, in the order of the request.
    static func orderAnswers(_ root: JSONValue) throws(WireFault) -> [OrderAnswer] {
        guard root.kind == .array else { throw WireFault(.field, "batch") }
        var answers: [OrderAnswer] = []
        for element in root.elements { answers.append(try orderAnswer(element)) }
        return answers
    }

    private static func status(_ word: String) -> OrderAnswer.Status {
        switch word.lowercased() {
        case "live": .live
        case "matched": .matched
        case "delayed": .delayed
        case "unmatched": .unmatched
        case "": .none
        default: .unknown(String(word.prefix(40)))
        }
    }

    /// The answer to any cancel.
    struct CancelAnswer: Hashable, Sendable {
        var canceled: [String] = []
        /// Orders that were not cancelled, with the venue's reason.
        var refused: [String: String] = [:]
    }

    static func cancelAnswer(_ root: JSONValue) throws(WireFault) -> CancelAnswer {
        try object(root, "cancel answer")
        var answer = CancelAnswer()
        guard let canceled = root["canceled"] else { throw WireFault(.missing, "canceled") }
        answer.canceled = try texts(canceled, "canceled").map { $0.lowercased() }
        guard let refused = root["not_canceled"], !refused.isNull else { return answer }
        try object(refused, "not_canceled")
        for (id, reason) in refused.members {
            guard let reason = reason.text else { throw WireFault(.field, "not_canceled") }
            answer.refused[id.string.lowercased()] = reason.string
        }
        return answer
    }

    /// The body of a refusal.
    struct ErrorAnswer: Hashable, Sendable {
        var text: String
        var code: String
        var retryAfter: Nanoseconds?
    }

    static func errorAnswer(_ root: JSONValue) throws(WireFault) -> ErrorAnswer {
        try object(root, "error")
        guard let found = root["error"] ?? root["errorMsg"] ?? root["error_msg"] ?? root["message"],
            let words = found.text
        else { throw WireFault(.missing, "error") }
        let seconds = root["retry_after_seconds"]?.decimalText?.integer
        return ErrorAnswer(
            text: words.string, code: root["code"]?.decimalText?.string ?? "",
            retryAfter: seconds.flatMap { (0...86_400).contains($0) ? .seconds($0) : nil })
    }

    // MARK: Members

    /// Refuses what is no object, and keys that come twice: two readers of such a text see two answers.
    static func object(_ root: JSONValue, _ field: StaticString) throws(WireFault) {
        guard root.kind == .object else { throw WireFault(.field, field) }
        if root.hasDuplicateKeys { throw WireFault(.duplicate, field) }
    }

    /// A text that may be absent or null.
    static func text(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.decimalText else { throw WireFault(.field, field) }
        return text.string
    }

    /// A text that must be there.
    static func needed(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> String {
        guard let text = try text(value, field) else { throw WireFault(.missing, field) }
        return text
    }

    /// Texts in a list; absent and null are none.
    static func texts(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> [String] {
        guard let value, !value.isNull else { return [] }
        guard value.kind == .array else { throw WireFault(.field, field) }
        var texts: [String] = []
        for element in value.elements {
            guard let text = element.text else { throw WireFault(.field, field) }
            texts.append(text.string)
        }
        return texts
    }

    /// A decimal in 1e-8, as text or number; absent, null and empty are none.
    static func amount(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> Int64? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.decimalText else { throw WireFault(.field, field) }
        return text.count == 0 ? nil : try decimal(text, field)
    }
}
