import Codec
import Trading

// Snapshots.
extension Wire {
    /// One market's whole book as sent. A side that is empty is absent.
    struct Snapshot {
        var ticker: JSONText
        var yes: Levels
        var no: Levels
    }

    /// One side of a snapshot, read level by level.
    struct Levels {
        enum Form: UInt8 {
            /// `["0.4200","13.00"]`
            case current
            /// `["0.420",13]`
            case dollarsAndCount
            /// `[42,13]`
            case cents
        }

        let form: Form
        /// Nil when the side is empty.
        let array: JSONValue?

        var count: Int { array?.count ?? 0 }

        /// Reads one element of `array`.
        func level(_ element: JSONValue) throws(WireFault) -> Level {
            var pair = element.elements
            guard element.kind == .array, element.count == 2, let first = pair.next(), let second = pair.next() else {
                throw WireFault(.field, "level")
            }
            let price = form == .cents ? try Wire.cents(first) : try Wire.price(first, "level price")
            let size =
                form == .current ? try Wire.decimal(second, "level size") : try Wire.wholeCount(second, "level size")
            guard size > 0 else { throw WireFault(.size, "level size") }
            return Level(price: price, quantity: Quantity(rawValue: size))
        }
    }

    static func snapshot(_ body: JSONValue) throws(WireFault) -> Snapshot {
        var ticker: JSONText?
        var yes: [3 of JSONValue?] = [nil, nil, nil]
        var no: [3 of JSONValue?] = [nil, nil, nil]
        var seen = Seen()
        for (key, value) in body.members {
            switch key {
            case "market_ticker":
                try seen.insert(1, "market_ticker")
                ticker = value.text
            case "yes_dollars_fp":
                try seen.insert(2, "yes_dollars_fp")
                yes[0] = value
            case "yes_dollars":
                try seen.insert(4, "yes_dollars")
                yes[1] = value
            case "yes":
                try seen.insert(8, "yes")
                yes[2] = value
            case "no_dollars_fp":
                try seen.insert(16, "no_dollars_fp")
                no[0] = value
            case "no_dollars":
                try seen.insert(32, "no_dollars")
                no[1] = value
            case "no":
                try seen.insert(64, "no")
                no[2] = value
            default: break
            }
        }
        guard let ticker, ticker.count > 0 else { throw WireFault(.missing, "market_ticker") }
        return Snapshot(ticker: ticker, yes: try levels(yes, "yes"), no: try levels(no, "no"))
    }

    /// The newest form that is there: for some weeks of 2026 the venue sent all three together.
    private static func levels(
        _ forms: [3 of JSONValue?], _ field: StaticString
    ) throws(WireFault) -> Levels {
        let kinds: [3 of Levels.Form] = [.current, .dollarsAndCount, .cents]
        for index in 0..<3 {
            guard let array = forms[index], !array.isNull else { continue }
            guard array.kind == .array else { throw WireFault(.field, field) }
            return Levels(form: kinds[index], array: array)
        }
        return Levels(form: .current, array: nil)
    }
}
