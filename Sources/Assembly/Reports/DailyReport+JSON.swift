public import Codec
import Store
internal import Trading

// The report for machines: money as decimal strings, exact.
extension DailyReport {
    /// One object, schema `arb.daily/1`.
    public func write(into json: inout JSONWriter) {
        json.beginObject()
        json.member("schema", "arb.daily/1")
        json.member("account", account)
        json.member("from", from.rfc3339)
        json.member("until", until.rfc3339)
        json.member("at", at.rfc3339)
        json.key("modes")
        json.beginArray()
        for mode in modes { json.string(mode) }
        json.endArray()
        json.member("model", isPaper)
        json.member("venues", venuesKind)
        json.key("exposure")
        writeExposure(into: &json)
        json.key("executions")
        writeExecutions(into: &json)
        json.key("orders")
        json.beginArray()
        for venue in venues { Self.write(venue, into: &json) }
        json.endArray()
        json.key("closing_orders")
        json.beginObject()
        for (way, count) in closes.sorted(by: { $0.key < $1.key }) {
            json.key(way)
            json.integer(count)
        }
        json.endObject()
        json.key("pairs")
        json.beginArray()
        for pair in pairs { Self.write(pair, into: &json) }
        json.endArray()
        Self.write(opportunities, "opportunities", ("kind", "disposition"), sum: "best_edge_usd", into: &json)
        Self.write(missed, "missed", ("code", "reason"), sum: "best_edge_usd", into: &json)
        Self.write(orderFaults, "order_faults", ("venue", "fault"), into: &json)
        Self.write(notices, "notices", ("code", ""), into: &json)
        Self.write(alerts, "alerts", ("code", "severity"), into: &json)
        writeStops(into: &json)
        json.endObject()
    }

    private func writeExposure(into json: inout JSONWriter) {
        json.beginObject()
        json.member("state", exposure.word)
        json.member("unknown_legs", exposure.unknown)
        json.member("open_orders", exposure.open)
        json.member("unboxed_executions", exposure.alone)
        json.member("boxes", exposure.boxes)
        json.key("cost_usd")
        json.decimalString(exposure.cost.rawValue)
        json.key("payoff_usd")
        json.decimalString(exposure.payoff.rawValue)
        json.key("locked_usd")
        json.decimalString(exposure.locked.rawValue)
        json.endObject()
    }

    private func writeExecutions(into json: inout JSONWriter) {
        func member(_ name: String, _ sum: Sum) {
            json.key(name)
            json.beginObject()
            json.member("count", sum.count)
            json.member("open", sum.open)
            json.key("expected_usd")
            json.decimalString(sum.expected.rawValue)
            json.key("net_usd")
            json.decimalString(sum.net.rawValue)
            json.endObject()
        }
        json.beginObject()
        member("total", total)
        member("locked", locked)
        for (result, sum) in results.sorted(by: { $0.key < $1.key }) { member(result, sum) }
        json.endObject()
    }

    private static func write(_ venue: Venue, into json: inout JSONWriter) {
        json.beginObject()
        json.member("venue", venue.venue.name)
        json.member("currency", (venue.venue == .polymarket ? Currency.pusd : .usd).rawValue)
        json.member("count", venue.count)
        for (ending, count) in venue.orders.sorted(by: { $0.key < $1.key }) {
            json.key(ending)
            json.integer(count)
        }
        json.member("fills", venue.fills)
        json.key("bought_qty")
        json.decimalString(venue.bought.rawValue)
        json.key("sold_qty")
        json.decimalString(venue.sold.rawValue)
        json.key("spent")
        json.decimalString(venue.spent.rawValue)
        json.key("received")
        json.decimalString(venue.received.rawValue)
        json.key("fees")
        json.decimalString(venue.fees.rawValue)
        json.member("fees_not_whole", venue.feesOpen)
        json.endObject()
    }

    private static func write(_ pair: Pair, into json: inout JSONWriter) {
        json.beginObject()
        json.member("pair", pair.pair)
        json.member("fired", pair.fired)
        json.member("filled", pair.filled)
        json.member("unwound", pair.unwound)
        json.key("expected_usd")
        json.decimalString(pair.expected.rawValue)
        json.key("net_usd")
        json.decimalString(pair.net.rawValue)
        json.endObject()
    }

    private static func write(
        _ rows: [Ledger.CountRow], _ name: String, _ words: (String, String), sum: String = "",
        into json: inout JSONWriter
    ) {
        json.key(name)
        json.beginArray()
        for row in rows {
            json.beginObject()
            json.key(words.0)
            json.string(row.first)
            if !words.1.isEmpty {
                json.key(words.1)
                json.string(row.second)
            }
            json.member("count", row.count)
            if !sum.isEmpty {
                json.key(sum)
                json.decimalString(row.sum.rawValue)
            }
            json.endObject()
        }
        json.endArray()
    }

    private func writeStops(into json: inout JSONWriter) {
        json.key("breaker_events")
        json.beginArray()
        for event in breakers {
            json.beginObject()
            json.member("at", event.at.rfc3339)
            json.member("scope", event.scope)
            json.member("event", event.event)
            json.member("open", event.isOpen)
            json.member("reasons", event.reasons)
            json.member("text", event.text)
            json.endObject()
        }
        json.endArray()
        json.key("open_breakers")
        json.beginArray()
        for scope in openBreakers { json.string(scope) }
        json.endArray()
        json.key("halts")
        json.beginArray()
        for halt in halts {
            json.beginObject()
            json.member("at", halt.at.rfc3339)
            json.member("action", halt.action)
            json.member("who", halt.who)
            json.key("pair")
            if let pair = halt.pair { json.string(pair) } else { json.null() }
            json.member("reason", halt.reason)
            json.endObject()
        }
        json.endArray()
    }
}
