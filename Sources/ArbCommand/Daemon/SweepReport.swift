import Arb
import Codec
import Trading

/// What stands alone and what closing it would cost or has done, for people and for programs.
struct SweepReport: Sendable {
    /// What the rows say.
    enum Phase: String, Sendable {
        /// Before anything is ordered.
        case plan
        /// After the sweep.
        case result
    }

    let phase: Phase
    let rows: [SweepRow]
    /// Executions that were swept and are in order now.
    var closed: [ExecutionID] = []

    var unknown: Int { rows.reduce(0) { $0 + $1.unknown.count } }

    /// 3 unknown, 4 exposed, 0 otherwise.
    var exitCode: ExitCode { unknown > 0 ? .unknownLegs : rows.isEmpty ? .done : .exposed }

    private var exposed: Money {
        Money(rawValue: rows.reduce(0) { Int64(clamping: Int128($0) + Int128($1.cost.rawValue)) })
    }

    /// At most 79 columns.
    var text: String {
        var lines: [String] = []
        if phase == .result {
            lines.append("closed \(closed.count), left \(rows.count)")
        }
        if rows.isEmpty { lines.append(phase == .plan ? "FLAT  nothing stands alone" : "FLAT  nothing is left alone") }
        for row in rows {
            if !row.unknown.isEmpty {
                let names = row.unknown.map(\.description).joined(separator: ", ")
                lines.append("UNKNOWN  \(row.pair.name): \(names)")
                lines.append("  nothing of it is closed before that is known: 'arb orders show',")
                lines.append("  or, sure that it did not fill: --assume-unfilled ID")
            }
            guard row.quantity.rawValue > 0 else { continue }
            lines.append(
                "EXPOSED  \(row.pair.name): \(row.quantity) \(row.outcome.rawValue) at \(row.venue.name), cost $\(row.cost)"
            )
            lines.append("  \(row.symbol)" + (row.spent.rawValue > 0 ? ", lost so far $\(row.spent)" : ""))
            for quote in row.ways { lines.append(Self.line(quote, isChosen: quote.way == row.chosen?.way)) }
            if row.ways.isEmpty { lines.append("  no book may be used now") }
        }
        return lines.map { Self.fit($0) }.joined(separator: "\n")
    }

    private static func line(_ quote: AutoClose.WayQuote, isChosen: Bool) -> String {
        let name = quote.way.rawValue + String(repeating: " ", count: max(1, 10 - quote.way.rawValue.count))
        guard let plan = quote.plan else { return "  \(name)no: \(quote.hold?.rawValue ?? "")" }
        let gain = plan.loss.rawValue <= 0
        let change = gain ? "gains $\(Money(rawValue: -plan.loss.rawValue))" : "loses $\(plan.loss)"
        return "  \(name)\(plan.orderQty) at \(plan.limitPx): \(change)" + (isChosen ? "   <- this one" : "")
    }

    private static func fit(_ text: String) -> String {
        let neutral = TerminalText.neutral(text)
        return neutral.count <= 79 ? neutral : String(neutral.prefix(78)) + "…"
    }

    /// As one JSON object, schema `arb.close-exposure/1`.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.close-exposure/1")
        json.member("phase", phase.rawValue)
        json.member("exit_code", exitCode.rawValue)
        json.member("unknown_legs", unknown)
        json.key("exposed_usd")
        json.decimalString(exposed.rawValue)
        json.key("closed")
        json.beginArray()
        for id in closed { json.string(id.description) }
        json.endArray()
        json.key("rows")
        json.beginArray()
        for row in rows { Self.write(row, into: &json) }
        json.endArray()
        json.endObject()
        return json.string
    }

    private static func write(_ row: SweepRow, into json: inout JSONWriter) {
        json.beginObject()
        json.member("id", row.execution.description)
        json.member("pair", row.pair.name)
        json.member("venue", row.venue.name)
        json.member("instrument", row.symbol)
        json.member("outcome", row.outcome.rawValue)
        json.key("quantity")
        json.decimalString(row.quantity.rawValue)
        json.key("cost_usd")
        json.decimalString(row.cost.rawValue)
        json.key("lost_usd")
        json.decimalString(row.spent.rawValue)
        json.key("unknown")
        json.beginArray()
        for name in row.unknown { json.string(name.description) }
        json.endArray()
        json.key("ways")
        json.beginArray()
        for quote in row.ways {
            json.beginObject()
            json.member("way", quote.way.rawValue)
            json.member("chosen", quote.way == row.chosen?.way)
            json.member("refusal", quote.hold?.rawValue ?? "")
            if let plan = quote.plan {
                json.key("order_qty")
                json.decimalString(plan.orderQty.rawValue)
                json.key("limit_px")
                json.decimalString(plan.limitPx.rawValue)
                json.key("value_usd")
                json.decimalString(plan.value.rawValue)
                json.key("loss_usd")
                json.decimalString(plan.loss.rawValue)
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }
}
