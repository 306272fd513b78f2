import Codec
import Signing
import Trading

extension Wire {
    /// The first message of the private channel: the API keys as they are, for all markets.
    static func login(_ keys: ApiKeys) -> [UInt8] {
        var json = JSONWriter(reserved: 512)
        json.beginObject()
        json.key("auth")
        json.beginObject()
        json.member("apiKey", keys.apiKey)
        json.key("secret")
        keys.secret.withBytes { json.string($0) }
        json.key("passphrase")
        keys.passphrase.withBytes { json.string($0) }
        json.endObject()
        json.member("type", "user")
        json.key("markets")
        json.beginArray()
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// What a message of the private channel is about.
    enum UserKind { case order, trade, other }

    /// By its word, or by what it carries: some messages have no word.
    static func userKind(_ root: JSONValue) -> UserKind {
        if let word = root["event_type"]?.text {
            switch word {
            case "order": return .order
            case "trade": return .trade
            default: return .other
            }
        }
        if root["taker_order_id"] != nil { return .trade }
        return root["original_size"] != nil ? .order : .other
    }
}

extension UserStream {
    /// An order of ours was placed, changed or ended.
    func apply(
        order: Wire.OpenOrder, _ root: JSONValue, at stamp: Stamp, into sink: any OrderSink
    ) throws(WireFault) {
        guard identity.owns([order.owner], order.makerAddress) else {
            foreign("order \(order.id.prefix(70))", into: sink)
            return
        }
        noteEvent()
        counters.orders += 1
        let id = OrderID(order.id)
        let known = known(id)
        guard let summary = try order.summary(known) else {
            counters.unknown += 1
            if case .unknown(let word) = order.status {
                sink.note(
                    FeedNotice(
                        code: "E_FEED_USER_WORD", link: settings.link,
                        text: "order \(order.id.prefix(70)) has the unknown status '\(word)'; it stays what it was"))
            }
            return
        }
        sink.apply(
            ExecutionReport(
                venue: venue, orderID: id, clOrdID: known?.clOrdID, symbol: order.market, event: .summary(summary),
                source: .stream, transactTime: Wire.moment(root["timestamp"])))
    }

    /// A trade of ours was made, became firmer, or failed.
    func apply(
        trade: Wire.Trade, _ root: JSONValue, at stamp: Stamp, into sink: any OrderSink
    ) throws(WireFault) {
        guard let settlement = trade.settlement else {
            counters.unknown += 1
            sink.note(
                FeedNotice(
                    code: "E_FEED_USER_WORD", link: settings.link,
                    text: "trade \(trade.id.prefix(70)) has the unknown status '\(trade.statusText.prefix(40))'"))
            return
        }
        let fills = trade.fills(of: identity, settlement)
        guard !fills.isEmpty else {
            foreign("trade \(trade.id.prefix(70))", into: sink)
            return
        }
        noteEvent()
        counters.trades += 1
        let time = trade.matchTime ?? Wire.moment(root["timestamp"])
        for own in fills {
            guard let event = event(of: own.fill, trade.lastUpdate, into: sink) else { continue }
            sink.apply(
                ExecutionReport(
                    venue: venue, orderID: own.orderID, clOrdID: known(own.orderID)?.clOrdID, symbol: trade.market,
                    event: event, source: .stream, transactTime: time))
        }
    }

    /// What a fill says that is new; nil for nothing: told before, or less firm than is known.
    private func event(of fill: Fill, _ at: UTCNanos?, into sink: any OrderSink) -> OrderEvent? {
        guard let before = lastFirmness(fill.execID) else {
            remember(fill.execID, fill.settlement, at)
            return .fill(fill)
        }
        let after = fill.settlement
        guard before.settlement != after else {
            counters.repeats += 1
            return nil
        }
        let isFinal = before.settlement == .confirmed || before.settlement == .failed
        if isFinal, after == .confirmed || after == .failed {
            sink.note(
                FeedNotice(
                    code: "E_FEED_USER_CONTRADICTION", link: settings.link,
                    text:
                        "fill \(fill.execID.text.prefix(140)) was \(before.settlement.rawValue), now \(after.rawValue)")
            )
            // Both are final words: whoever keeps the books must see both, and stops.
            return .settlement(fill.execID, after)
        }
        let isOlder = before.at.map { known in at.map { $0 < known } ?? false } ?? false
        guard !isFinal, after != .matched, !isOlder || after == .failed || after == .confirmed else {
            counters.repeats += 1
            return nil
        }
        remember(fill.execID, after, at)
        return .settlement(fill.execID, after)
    }

    private func foreign(_ what: String, into sink: any OrderSink) {
        counters.foreign += 1
        sink.note(
            FeedNotice(
                code: "E_FEED_USER_FOREIGN", link: settings.link,
                text: "\(what) on the private stream is of another account; it is not booked"))
    }
}
