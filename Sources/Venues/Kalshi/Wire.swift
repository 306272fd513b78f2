import Codec
import Trading

/// Why a message of a known kind could not be read. The books it may concern are void until a snapshot.
struct WireFault: Error, Sendable {
    enum Reason: Sendable, Hashable {
        /// The bytes are no JSON document within the limits.
        case json(JSONFault)
        /// A field that the kind cannot be without is not there.
        case missing
        /// A field is of another type than documented, or holds a word we do not know.
        case field
        /// The same key twice: which of the two is meant is anybody's guess.
        case duplicate
        /// A decimal in a form that is not canonical.
        case decimal(DecimalFault)
        /// A price that is not strictly between zero and one dollar.
        case price
        /// A size that is not positive where a level must have one.
        case size
        /// The price bands contradict themselves or are too fine.
        case grid(GridFault)
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
        case .missing: "E_WIRE_KALSHI_MISSING"
        case .field: "E_WIRE_KALSHI_FIELD"
        case .duplicate: "E_WIRE_KALSHI_DUPLICATE"
        case .decimal(let fault): fault.code
        case .price: "E_WIRE_KALSHI_PRICE"
        case .size: "E_WIRE_KALSHI_SIZE"
        case .grid(let fault): fault.code
        }
    }
}

/// The socket's messages as types. Every key of the venue's JSON stands in this file and its `Wire+` neighbours.
///
/// - Source: sheet of the venue's documentation of 2026-10-08, sections 6.2 to 6.5; the old forms (cents, integer counts,
///   before 2026-03-12) are read for old recordings.
enum Wire {
    /// What a message is.
    enum Kind: UInt8, Sendable {
        case delta, snapshot, trade, subscribed, unsubscribed, ok, error, marketLifecycle, eventFee
        /// A documented kind that the feed has no use for.
        case ignored
        case unknown
    }

    /// The outer object of a message.
    struct Envelope {
        var kind = Kind.unknown
        var sid: Int64?
        var seq: Int64?
        var id: Int64?
        var body: JSONValue?
    }

    /// Whose levels a delta or a snapshot array is about, in the venue's words.
    enum Leg: UInt8, Sendable {
        case yes, no
    }

    /// A signed change of one level, as sent: a NO price is on whichever scale the subscription asked for.
    struct Delta {
        var ticker: JSONText
        /// `hash64` of the ticker.
        let hash: UInt64
        var leg: Leg
        var price: Price
        var change: Quantity
        var venueStamp: UTCNanos?
    }

    /// Bits of the known keys that were seen; a second sighting is a duplicate. Unknown keys are never read.
    struct Seen {
        private var bits: UInt32 = 0

        mutating func insert(_ bit: UInt32, _ field: StaticString) throws(WireFault) {
            if bits & bit != 0 { throw WireFault(.duplicate, field) }
            bits |= bit
        }
    }

    static func kind(_ type: JSONText) -> Kind {
        switch type {
        case "orderbook_delta": .delta
        case "orderbook_snapshot": .snapshot
        case "trade": .trade
        case "subscribed": .subscribed
        case "unsubscribed": .unsubscribed
        case "ok": .ok
        case "error": .error
        case "market_lifecycle_v2": .marketLifecycle
        case "event_fee_update": .eventFee
        case "ticker", "event_lifecycle", "fill", "user_order", "market_position", "order_group_updates",
            "multivariate_market_lifecycle":
            .ignored
        default: .unknown
        }
    }

    static func envelope(_ root: JSONValue) throws(WireFault) -> Envelope {
        guard root.kind == .object else { throw WireFault(.field, "message") }
        var envelope = Envelope()
        var seen = Seen()
        for (key, value) in root.members {
            switch key.count {
            case 2 where key == "id":
                try seen.insert(1, "id")
                envelope.id = try integer(value, "id")
            case 3 where key == "sid":
                try seen.insert(2, "sid")
                envelope.sid = try integer(value, "sid")
            case 3 where key == "seq":
                try seen.insert(4, "seq")
                envelope.seq = try integer(value, "seq")
            case 3 where key == "msg":
                try seen.insert(8, "msg")
                envelope.body = value
            case 4 where key == "type":
                try seen.insert(16, "type")
                guard let type = value.text else { throw WireFault(.field, "type") }
                envelope.kind = kind(type)
            default: break
            }
        }
        return envelope
    }

    /// A change of one level. Its market is looked for among `symbols` as soon as its name is read: the memory comes while
    /// the numbers are read.
    static func delta(_ body: JSONValue, among symbols: SymbolTable? = nil) throws(WireFault) -> Delta {
        var ticker: JSONText?
        var hash: UInt64 = 0
        var leg: Leg?
        var price: Price?
        var cents: Price?
        var change: Int64?
        var count: Int64?
        var stamp: UTCNanos?
        var seen = Seen()
        for (key, value) in body.members {
            switch key.count {
            case 4 where key == "side":
                try seen.insert(1, "side")
                leg = try self.leg(value)
            case 5 where key == "ts_ms":
                try seen.insert(2, "ts_ms")
                stamp = UTCNanos(milliseconds: try integer(value, "ts_ms"))
            case 5 where key == "price":
                try seen.insert(4, "price")
                cents = try self.cents(value)
            case 5 where key == "delta":
                try seen.insert(8, "delta")
                count = try wholeCount(value, "delta")
            case 8 where key == "delta_fp":
                try seen.insert(16, "delta_fp")
                change = try decimal(value, "delta_fp", .negative)
            case 13 where key == "market_ticker":
                try seen.insert(32, "market_ticker")
                ticker = value.text
                hash = ticker?.hash64 ?? 0
                symbols?.expect(hash)
            case 13 where key == "price_dollars":
                try seen.insert(64, "price_dollars")
                price = try self.price(value, "price_dollars")
            default: break
            }
        }
        guard let ticker, ticker.count > 0 else { throw WireFault(.missing, "market_ticker") }
        guard let leg else { throw WireFault(.missing, "side") }
        guard let price = price ?? cents else { throw WireFault(.missing, "price_dollars") }
        guard let change = change ?? count else { throw WireFault(.missing, "delta_fp") }
        return Delta(
            ticker: ticker, hash: hash, leg: leg, price: price, change: Quantity(rawValue: change), venueStamp: stamp)
    }
}

// Everything that is not a book.
extension Wire {
    /// A public trade; the price is the YES price whichever side took.
    struct Trade {
        var ticker: JSONText
        var price: Price
        var quantity: Quantity
    }

    /// What the acknowledgement of a subscription names.
    enum Channel: UInt8, Sendable {
        case book, trade, lifecycle, other
    }

    /// A refusal by the venue.
    struct VenueError {
        var code: Int64
        var text: String
        /// Markets that the refusal is about, where it says so.
        var tickers: [String]
    }

    static func trade(_ body: JSONValue) throws(WireFault) -> Trade {
        guard let ticker = body["market_ticker"]?.text else { throw WireFault(.missing, "market_ticker") }
        let price: Price
        if let dollars = body["yes_price_dollars"] {
            price = try self.price(dollars, "yes_price_dollars")
        } else if let cents = body["yes_price"] {
            price = try self.cents(cents)
        } else {
            throw WireFault(.missing, "yes_price_dollars")
        }
        let quantity: Int64
        if let count = body["count_fp"] {
            quantity = try decimal(count, "count_fp")
        } else if let count = body["count"] {
            quantity = try wholeCount(count, "count")
        } else {
            throw WireFault(.missing, "count_fp")
        }
        guard quantity > 0 else { throw WireFault(.size, "count_fp") }
        return Trade(ticker: ticker, price: price, quantity: Quantity(rawValue: quantity))
    }

    static func subscribed(_ body: JSONValue) throws(WireFault) -> (channel: Channel, sid: Int64) {
        guard let name = body["channel"]?.text else { throw WireFault(.missing, "channel") }
        guard let value = body["sid"] else { throw WireFault(.missing, "sid") }
        let sid = try integer(value, "sid")
        switch name {
        case "orderbook_delta": return (.book, sid)
        case "trade": return (.trade, sid)
        case "market_lifecycle_v2": return (.lifecycle, sid)
        default: return (.other, sid)
        }
    }

    static func error(_ body: JSONValue) throws(WireFault) -> VenueError {
        guard let value = body["code"] else { throw WireFault(.missing, "code") }
        var tickers: [String] = []
        if let one = body["market_ticker"]?.text { tickers.append(one.string) }
        if let several = body["market_tickers"] {
            for ticker in several.elements.prefix(1000) {
                if let text = ticker.text { tickers.append(text.string) }
            }
        }
        return VenueError(
            code: try integer(value, "code"), text: body["msg"]?.text?.string ?? "", tickers: tickers)
    }

    /// The ticker of a message that could not be read as a whole; nil when not even that can be trusted.
    static func ticker(_ body: JSONValue?) -> JSONText? {
        guard let body, !body.hasDuplicateKeys else { return nil }
        return body["market_ticker"]?.text
    }
}

// Fields.
extension Wire {
    /// A whole number that is not negative.
    static func integer(_ value: JSONValue, _ field: StaticString) throws(WireFault) -> Int64 {
        guard let number = value.int64, number >= 0 else { throw WireFault(.field, field) }
        return number
    }

    /// Decimal text in 1e-8; a bare number is not the documented form.
    static func decimal(
        _ value: JSONValue, _ field: StaticString, _ form: DecimalForm = []
    ) throws(WireFault) -> Int64 {
        guard let text = value.text else { throw WireFault(.field, field) }
        do throws(DecimalFault) {
            return try DecimalText.parse(text.bytes, form: form)
        } catch { throw WireFault(.decimal(error), field) }
    }

    /// A price in dollars, strictly between zero and one.
    static func price(_ value: JSONValue, _ field: StaticString) throws(WireFault) -> Price {
        guard let price = Price(rawValue: try decimal(value, field)), price.isBinary else {
            throw WireFault(.price, field)
        }
        return price
    }

    /// A price in whole cents (old form).
    static func cents(_ value: JSONValue) throws(WireFault) -> Price {
        let cents = try integer(value, "price")
        guard cents > 0, cents < 100, let price = Price(rawValue: cents * 1_000_000) else {
            throw WireFault(.price, "price")
        }
        return price
    }

    /// A whole number of contracts, signed, in 1e-8 (old form).
    static func wholeCount(_ value: JSONValue, _ field: StaticString) throws(WireFault) -> Int64 {
        guard let count = value.int64 else { throw WireFault(.field, field) }
        let (units, over) = count.multipliedReportingOverflow(by: FixedPoint.one)
        if over { throw WireFault(.decimal(.overflow), field) }
        return units
    }

    private static func leg(_ value: JSONValue) throws(WireFault) -> Leg {
        guard let text = value.text else { throw WireFault(.field, "side") }
        if text == "yes" { return .yes }
        if text == "no" { return .no }
        throw WireFault(.field, "side")
    }

    /// The grid that `price_ranges` describes.
    static func grid(_ ranges: JSONValue) throws(WireFault) -> TickGrid {
        guard ranges.kind == .array, ranges.count <= 64 else { throw WireFault(.field, "price_ranges") }
        var bands: [TickGrid.Band] = []
        for range in ranges.elements {
            guard let start = range["start"], let end = range["end"], let step = range["step"] else {
                throw WireFault(.missing, "price_ranges")
            }
            guard let first = Price(rawValue: try decimal(start, "price_ranges")),
                let last = Price(rawValue: try decimal(end, "price_ranges")),
                let distance = Price(rawValue: try decimal(step, "price_ranges"))
            else { throw WireFault(.price, "price_ranges") }
            bands.append(TickGrid.Band(start: first, end: last, step: distance))
        }
        bands.sort { $0.start < $1.start }
        do throws(GridFault) {
            return try TickGrid(bands: bands)
        } catch { throw WireFault(.grid(error), "price_ranges") }
    }
}
