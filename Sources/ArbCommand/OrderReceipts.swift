import Assembly
import Codec
import Store
import Trading

/// What a venue said of one order, in its own words, as `arb orders show` gives it.
enum OrderReceipts {
    /// For people: the words where they are asked for, and otherwise that there are some.
    static func say(_ receipts: [Ledger.ReceiptRow], areAsked: Bool, _ terminal: Terminal) {
        guard !receipts.isEmpty else {
            if areAsked {
                terminal.say("the venue's words: none kept (they go after 30 days; on paper there are none)")
            }
            return
        }
        guard areAsked else {
            let noun = receipts.count == 1 ? "receipt" : "receipts"
            return terminal.say("\(receipts.count) \(noun) of the venue's own words: --receipts")
        }
        terminal.out("")
        for receipt in receipts {
            let status = receipt.status.map { " \($0)" } ?? ""
            let head = "\(receipt.at.rfc3339.dropFirst(11).prefix(15)) \(receipt.kind)\(status)"
            terminal.out(head)
            for line in lines(TerminalText.neutral(receipt.body)) { terminal.out("  \(line)") }
        }
    }

    /// As they are, in lines that fit a terminal: nothing in them is a word to be kept whole.
    private static func lines(_ text: String) -> [Substring] {
        var rest = text[...]
        var lines: [Substring] = []
        while !rest.isEmpty {
            lines.append(rest.prefix(76))
            rest = rest.dropFirst(76)
        }
        return lines
    }

    /// For programs.
    static func write(_ receipts: [Ledger.ReceiptRow], to json: inout JSONWriter) {
        json.key("receipts")
        json.beginArray()
        for receipt in receipts {
            json.beginObject()
            json.member("at", receipt.at.rfc3339)
            json.member("kind", receipt.kind)
            if let status = receipt.status { json.member("http", status) }
            json.member("body", receipt.body)
            json.endObject()
        }
        json.endArray()
    }
}
