import Codec
import Trading

/// Why a message of a known kind could not be read. The books it may concern are void until a snapshot.
struct WireFault: Error, Sendable {
    enum Reason: Sendable, Hashable {
        /// The bytes are no JSON document within the limits.
        case json(JSONFault)
        /// A field that the kind cannot be without is not there.
        case missing
        /// A field is of another type than documented.
        case field
        /// The same key twice.
        case duplicate
        /// A decimal in a form that is not canonical.
        case decimal(DecimalFault)
        /// A price that is not strictly between zero and one.
        case price
        /// A negative size, or none where a level must have one.
        case size
    }

    let reason: Reason
    /// The field concerned, or the whole message.
    let field: StaticString

    init(_ reason: Reason, _ field: StaticString) {
        self.reason = reason
        self.field = field
    }

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    var code: String {
        switch reason {
        case .json(let fault): fault.code
        case .missing: "E_WIRE_POLYMARKET_MISSING"
        case .field: "E_WIRE_POLYMARKET_FIELD"
        case .duplicate: "E_WIRE_POLYMARKET_DUPLICATE"
        case .decimal(let fault): fault.code
        case .price: "E_WIRE_POLYMARKET_PRICE"
        case .size: "E_WIRE_POLYMARKET_SIZE"
        }
    }
}

/// The market channel's messages as types. Every key of the venue's JSON stands in this file and its `Wire+` neighbours.
///
/// - Source: sheet of the venue's documentation and captures of September 2026, section 7; older forms of `price_change`
///   are read for old recordings.
enum Wire {
    /// What a message is.
    enum Kind: UInt8, Sendable {
        case book, priceChange, tickSizeChange, lastTrade, resolved
        /// A documented kind that the feed has no use for.
        case ignored
        case unknown
    }

    /// The members of a message that the feed reads, whichever kind it is.
    struct Message {
        var kind = Kind.unknown
        var asset: JSONText?
        var market: JSONText?
        var timestamp: JSONText?
        var hash: JSONText?
        var bids: JSONValue?
        var asks: JSONValue?
        var changes: JSONValue?
        var price: JSONValue?
        var size: JSONValue?
        var side: JSONText?
        var tick: JSONText?
        var lastTrade: JSONText?
        var minimum: JSONText?
        var negRisk: Bool?
        var assets: JSONValue?
    }

    /// One level, with the text of its price and size where the server did not print the canonical form.
    struct PriceLevel {
        let price: Price
        let quantity: Quantity
        let priceText: JSONText
        let sizeText: JSONText
    }

    static func kind(_ type: JSONText) -> Kind {
        switch type {
        case "price_change": .priceChange
        case "book": .book
        case "last_trade_price": .lastTrade
        case "tick_size_change": .tickSizeChange
        case "market_resolved": .resolved
        case "best_bid_ask", "new_market": .ignored
        default: .unknown
        }
    }

    /// Reads one object in a single walk over its members.
    static func message(_ root: JSONValue) throws(WireFault) -> Message {
        guard root.kind == .object else { throw WireFault(.field, "message") }
        var message = Message()
        var seen: UInt32 = 0
        for (key, value) in root.members {
            let bit = take(key, value, &message)
            if bit == 0 { continue }
            if seen & bit != 0 { throw WireFault(.duplicate, "message") }
            seen |= bit
        }
        // A book asked for by REST carries no type.
        if seen & 1 == 0, message.bids != nil, message.asks != nil { message.kind = .book }
        return message
    }

    /// - Returns: a bit of its own for every known key; zero for the others.
    private static func take(_ key: JSONText, _ value: JSONValue, _ message: inout Message) -> UInt32 {
        switch key {
        case "event_type": message.kind = value.text.map(kind) ?? .unknown; return 1
        case "asset_id": message.asset = value.decimalText; return 2
        case "market": message.market = value.text; return 4
        case "timestamp": message.timestamp = value.decimalText; return 8
        case "hash": message.hash = value.text; return 16
        case "bids", "buys": message.bids = value; return 32
        case "asks", "sells": message.asks = value; return 64
        case "price_changes", "changes": message.changes = value; return 128
        case "price": message.price = value; return 256
        case "size": message.size = value; return 512
        case "side": message.side = value.text; return 1_024
        case "tick_size", "new_tick_size": message.tick = value.decimalText; return 2_048
        case "last_trade_price": message.lastTrade = value.decimalText; return 4_096
        case "min_order_size": message.minimum = value.decimalText; return 8_192
        case "neg_risk": message.negRisk = value.bool; return 16_384
        case "assets_ids": message.assets = value; return 32_768
        default: return 0
        }
    }

    /// One entry of a `price_change`: the new size at a price of one token.
    struct Change {
        var asset: JSONText?
        var hash: JSONText?
        var isBuy = false
        var level: PriceLevel
    }

    static func change(_ value: JSONValue) throws(WireFault) -> Change {
        guard value.kind == .object else { throw WireFault(.field, "price_changes") }
        var asset: JSONText?
        var hash: JSONText?
        var side: JSONText?
        var price: JSONValue?
        var size: JSONValue?
        var seen: UInt32 = 0
        for (key, member) in value.members {
            let bit: UInt32
            switch key {
            case "price": (price, bit) = (member, 1)
            case "size": (size, bit) = (member, 2)
            case "side": (side, bit) = (member.text, 4)
            case "asset_id": (asset, bit) = (member.decimalText, 8)
            case "hash": (hash, bit) = (member.text, 16)
            default: continue
            }
            if seen & bit != 0 { throw WireFault(.duplicate, "price_changes") }
            seen |= bit
        }
        guard let side else { throw WireFault(.missing, "side") }
        return Change(asset: asset, hash: hash, isBuy: try isBuy(side), level: try level(price, size, least: 0))
    }

    /// `BUY` is a bid for the token.
    static func isBuy(_ side: JSONText) throws(WireFault) -> Bool {
        switch side {
        case "BUY", "buy": true
        case "SELL", "sell": false
        default: throw WireFault(.field, "side")
        }
    }

    /// A level of a book or a change.
    ///
    /// - Parameter least: smallest size in 1e-8; a change may say zero, a book may not.
    static func level(_ price: JSONValue?, _ size: JSONValue?, least: Int64) throws(WireFault) -> PriceLevel {
        guard let price, let priceText = price.decimalText else { throw WireFault(.missing, "price") }
        guard let size, let sizeText = size.decimalText else { throw WireFault(.missing, "size") }
        let units = try decimal(priceText, "price")
        guard let value = Price(rawValue: units), value.isBinary else { throw WireFault(.price, "price") }
        let quantity = try decimal(sizeText, "size")
        guard quantity >= least else { throw WireFault(.size, "size") }
        return PriceLevel(
            price: value, quantity: Quantity(rawValue: quantity), priceText: priceText, sizeText: sizeText)
    }

    /// A level of a `book`: an object with exactly one price and one size.
    static func level(_ value: JSONValue) throws(WireFault) -> PriceLevel {
        guard value.kind == .object else { throw WireFault(.field, "level") }
        var price: JSONValue?
        var size: JSONValue?
        for (key, member) in value.members {
            switch key {
            case "price":
                if price != nil { throw WireFault(.duplicate, "price") }
                price = member
            case "size":
                if size != nil { throw WireFault(.duplicate, "size") }
                size = member
            default: continue
            }
        }
        return try level(price, size, least: 1)
    }

    static func decimal(_ text: JSONText, _ field: StaticString) throws(WireFault) -> Int64 {
        do throws(DecimalFault) {
            return try DecimalText.parse(text.bytes, form: .bareFraction)
        } catch {
            throw WireFault(.decimal(error), field)
        }
    }

    /// A `timestamp` in milliseconds.
    static func instant(_ text: JSONText?) throws(WireFault) -> Int64 {
        guard let text else { throw WireFault(.missing, "timestamp") }
        guard let milliseconds = text.integer, milliseconds > 0, UTCNanos(milliseconds: milliseconds) != nil else {
            throw WireFault(.field, "timestamp")
        }
        return milliseconds
    }
}
