import Codec
import Trading

extension Wire {
    /// A change in a market's life.
    struct MarketLifecycle {
        enum Event: Sendable, Hashable {
            case created, activated, deactivated, closeDateUpdated, determined, settled, gridUpdated, metadataUpdated
            /// A word that is newer than this program.
            case unknown
        }

        var ticker: JSONText
        var event: Event
        /// New close time of `closeDateUpdated`.
        var close: UTCNanos?
        /// New bands of `gridUpdated`.
        var ranges: JSONValue?
    }

    static func marketLifecycle(_ body: JSONValue) throws(WireFault) -> MarketLifecycle {
        guard let ticker = body["market_ticker"]?.text else { throw WireFault(.missing, "market_ticker") }
        guard let word = body["event_type"]?.text else { throw WireFault(.missing, "event_type") }
        let event: MarketLifecycle.Event =
            switch word {
            case "created": .created
            case "activated": .activated
            case "deactivated": .deactivated
            case "close_date_updated": .closeDateUpdated
            case "determined": .determined
            case "settled": .settled
            case "price_level_structure_updated": .gridUpdated
            case "metadata_updated": .metadataUpdated
            default: .unknown
            }
        var close: UTCNanos?
        if let value = body["close_ts"], !value.isNull {
            let seconds = try integer(value, "close_ts")
            let (nanos, over) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            if over { throw WireFault(.field, "close_ts") }
            close = UTCNanos(rawValue: nanos)
        }
        return MarketLifecycle(ticker: ticker, event: event, close: close, ranges: body["price_ranges"])
    }

    /// The event whose fees changed.
    static func eventFee(_ body: JSONValue) throws(WireFault) -> JSONText {
        guard let event = body["event_ticker"]?.text, event.count > 0 else {
            throw WireFault(.missing, "event_ticker")
        }
        return event
    }
}
