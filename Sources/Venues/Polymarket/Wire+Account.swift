import Codec
import Signing
import Trading

// What the venue tells of an account: orders, trades, balances, positions.
extension Wire {
    /// How sizes are written: live answers print decimals, the documentation shows 1e-6 units without a point.
    enum SizeForm: Hashable, Sendable {
        case human, fixed
    }

    /// Where an order stands, by a word that may carry a prefix or a reason.
    enum OrderStatus: Hashable, Sendable {
        case live, matched, delayed
        /// Done without its rest: cancelled, expired or invalid, with the venue's words.
        case cancelled(String)
        case unknown(String)

        init(_ word: String) {
            let bare = word.hasPrefix("ORDER_STATUS_") ? String(word.dropFirst(13)) : word
            switch bare.uppercased() {
            case "LIVE": self = .live
            case "MATCHED": self = .matched
            case "DELAYED": self = .delayed
            case let upper where upper.hasPrefix("CANCELED") || upper.hasPrefix("CANCELLED"):
                self = .cancelled(String(bare.prefix(200)))
            case "INVALID", "EXPIRED": self = .cancelled(bare)
            default: self = .unknown(String(bare.prefix(40)))
            }
        }
    }

    /// An order as the venue lists it, and as the user stream tells it.
    struct OpenOrder: Sendable {
        var id = ""
        var status = OrderStatus.unknown("")
        var owner = ""
        var makerAddress = ""
        var market = ""
        var asset = ""
        var side = Trading.Side.buy
        /// As printed: in shares, or in pUSD for a FOK or FAK buy told by the stream; human or 1e-6.
        var original = ""
        /// As printed; may be empty.
        var matched = ""
        var price = Price.zero
        var outcome = ""
        /// `GTC`, `GTD`, `FOK`, `FAK`; empty where it is not told.
        var type = ""
        var trades: [String] = []
        var createdAt: UTCNanos?

        var isImmediate: Bool { type == "FOK" || type == "FAK" }
    }

    static func openOrder(_ root: JSONValue) throws(WireFault) -> OpenOrder {
        try object(root, "order")
        var order = OpenOrder()
        order.id = try needed(root["id"], "id").lowercased()
        order.status = OrderStatus(try needed(root["status"], "status"))
        order.owner = try text(root["order_owner"] ?? root["owner"], "owner") ?? ""
        order.makerAddress = try text(root["maker_address"], "maker_address") ?? ""
        order.market = try needed(root["market"], "market")
        order.asset = try needed(root["asset_id"], "asset_id")
        order.side = try side(root["side"])
        order.original = try needed(root["original_size"], "original_size")
        order.matched = try text(root["size_matched"], "size_matched") ?? ""
        order.price = try price(root["price"], isOfOrder: true)
        order.outcome = try text(root["outcome"], "outcome") ?? ""
        order.type = (try text(root["order_type"] ?? root["type"], "order_type") ?? "").uppercased()
        order.trades = try texts(root["associate_trades"], "associate_trades")
        order.createdAt = moment(root["created_at"])
        return order
    }

    /// How the sizes of `order` are written, found by what is known of it.
    ///
    /// - Parameter known: what the order asks for in 1e-8, shares or budget: either may be printed. Empty when the order
    ///   is not one of ours; then a whole number is read as shares, as live answers print them.
    /// - Throws: `.size` when neither form gives a number that is known.
    static func sizeForm(of order: OpenOrder, known: [Int64]) throws(WireFault) -> SizeForm {
        if order.original.utf8.contains(UInt8(ascii: ".")) || known.isEmpty { return .human }
        if known.contains(try size(order.original, .human)) { return .human }
        if known.contains(try size(order.original, .fixed)) { return .fixed }
        throw WireFault(.size, "original_size")
    }

    /// A printed size in 1e-8.
    static func size(_ text: String, _ form: SizeForm) throws(WireFault) -> Int64 {
        switch form {
        case .human:
            guard let size = try? Quantity(decimal: text), size.rawValue >= 0 else { throw WireFault(.size, "size") }
            return size.rawValue
        case .fixed:
            // A unit of the fixed form is 1e-6, which is 100 of ours.
            guard isNumber(text), let units = Int64(text) else { throw WireFault(.size, "size") }
            let (size, over) = units.multipliedReportingOverflow(by: 100)
            if over { throw WireFault(.size, "size") }
            return size
        }
    }

    /// How firm a trade is; nil for a word that is not documented.
    static func settlement(_ word: String) -> Settlement? {
        let bare = word.hasPrefix("TRADE_STATUS_") ? String(word.dropFirst(13)) : word
        switch bare.uppercased() {
        case "MATCHED", "MATCHED_NOT_BROADCASTED": return .matched
        case "MINED": return .mined
        case "CONFIRMED": return .confirmed
        case "RETRYING": return .retrying
        case "FAILED": return .failed
        default: return nil
        }
    }

    /// What one maker gave to a trade.
    struct MakerOrder: Sendable {
        var id = ""
        var owner = ""
        var makerAddress = ""
        var asset = ""
        var matched = Quantity.zero
        /// Of `asset`, which may be the other outcome.
        var price = Price.zero
        var outcome = ""
        /// Old messages do not say.
        var side: Trading.Side?
    }

    /// A match, as the venue lists it and as the user stream tells it.
    struct Trade: Sendable {
        var id = ""
        var takerOrderID = ""
        var market = ""
        var asset = ""
        var side = Trading.Side.buy
        var size = Quantity.zero
        var price = Price.zero
        var statusText = ""
        var settlement: Settlement?
        var matchTime: UTCNanos?
        var lastUpdate: UTCNanos?
        var outcome = ""
        var bucket: Int64 = 0
        var owner = ""
        var tradeOwner = ""
        var makerAddress = ""
        /// False where we gave; nil where the venue does not say.
        var isTaker: Bool?
        var makers: [MakerOrder] = []
    }

    static func trade(_ root: JSONValue) throws(WireFault) -> Trade {
        try object(root, "trade")
        var trade = Trade()
        trade.id = try needed(root["id"], "id")
        trade.takerOrderID = try needed(root["taker_order_id"], "taker_order_id").lowercased()
        trade.market = try needed(root["market"], "market")
        trade.asset = try needed(root["asset_id"], "asset_id")
        trade.side = try side(root["side"])
        trade.size = try shares(root["size"], "size")
        trade.price = try price(root["price"])
        trade.statusText = try needed(root["status"], "status")
        trade.settlement = settlement(trade.statusText)
        trade.matchTime = moment(root["match_time"] ?? root["matchtime"])
        trade.lastUpdate = moment(root["last_update"])
        trade.outcome = try text(root["outcome"], "outcome") ?? ""
        trade.bucket = root["bucket_index"]?.decimalText?.integer ?? 0
        trade.owner = try text(root["owner"], "owner") ?? ""
        trade.tradeOwner = try text(root["trade_owner"], "trade_owner") ?? ""
        trade.makerAddress = try text(root["maker_address"], "maker_address") ?? ""
        switch try text(root["trader_side"], "trader_side")?.uppercased() {
        case "TAKER": trade.isTaker = true
        case "MAKER": trade.isTaker = false
        default: break
        }
        guard let makers = root["maker_orders"], !makers.isNull else { return trade }
        guard makers.kind == .array else { throw WireFault(.field, "maker_orders") }
        for element in makers.elements { trade.makers.append(try makerOrder(element)) }
        return trade
    }

    private static func makerOrder(_ root: JSONValue) throws(WireFault) -> MakerOrder {
        try object(root, "maker_orders")
        var maker = MakerOrder()
        maker.id = try needed(root["order_id"], "order_id").lowercased()
        maker.owner = try text(root["owner"], "owner") ?? ""
        maker.makerAddress = try text(root["maker_address"], "maker_address") ?? ""
        maker.asset = try needed(root["asset_id"], "maker_orders.asset_id")
        maker.matched = try shares(root["matched_amount"], "matched_amount")
        maker.price = try price(root["price"])
        maker.outcome = try text(root["outcome"], "outcome") ?? ""
        if root["side"].map({ !$0.isNull }) ?? false { maker.side = try side(root["side"]) }
        return maker
    }

    // MARK: Fields

    private static func side(_ value: JSONValue?) throws(WireFault) -> Trading.Side {
        guard let word = value?.text else { throw WireFault(.missing, "side") }
        return try isBuy(word) ? .buy : .sell
    }

    private static func shares(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> Quantity {
        guard let units = try amount(value, field) else { throw WireFault(.missing, field) }
        guard units > 0 else { throw WireFault(.size, field) }
        return Quantity(rawValue: units)
    }

    /// A price. The venue divides amounts: decimals beyond the eighth are cut, it is a witness and decides no amount.
    ///
    /// - Parameter isOfOrder: a limit may stand at an end, zero or one; nothing trades there.
    private static func price(_ value: JSONValue?, isOfOrder: Bool = false) throws(WireFault) -> Price {
        guard let text = try text(value, "price") else { throw WireFault(.missing, "price") }
        guard let price = Price(rawValue: try size(withoutTail(text), .human)),
            price.isBinary || isOfOrder && price <= .one
        else { throw WireFault(.price, "price") }
        return price
    }

    /// The text without the digits beyond the eighth decimal.
    static func withoutTail(_ text: String) -> String {
        var bytes = Array(text.utf8)
        guard let dot = bytes.firstIndex(of: UInt8(ascii: ".")), bytes.count > dot + 9,
            bytes[(dot + 9)...].allSatisfy({ (0x30...0x39).contains($0) })
        else { return text }
        bytes.removeSubrange((dot + 9)...)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A time in seconds or milliseconds (above 10^11), or as RFC 3339; nil for anything else. Never decides anything.
    static func moment(_ value: JSONValue?) -> UTCNanos? {
        guard let text = value?.decimalText else { return nil }
        guard let number = text.integer else { return UTCNanos(rfc3339: text.string) }
        guard number > 0 else { return nil }
        guard number < 100_000_000_000 else { return UTCNanos(milliseconds: number) }
        return UTCNanos(milliseconds: number * 1_000)
    }
}
