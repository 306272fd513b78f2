import Codec
import Trading

// Bodies of REST answers. Whatever is absent or null is nil here; what that means is decided where terms are made.
extension Wire {
    /// A market as `GET /markets` lists it.
    struct MarketBody {
        var ticker = ""
        var event: String?
        var type: String?
        var title: String?
        var yesSubTitle: String?
        var status: String?
        var close: UTCNanos?
        var expectedExpiration: UTCNanos?
        var latestExpiration: UTCNanos?
        var feeWaiver: UTCNanos?
        var settlementTimer: Int64?
        var notional: String?
        var settlementBounds: String?
        var rulesPrimary: String?
        var rulesSecondary: String?
        var exchangeIndex: Int?
        var isProvisional = false
        /// The price bands; a fault when they are there and make no grid.
        var grid: Result<TickGrid, WireFault>?
    }

    /// What an event adds to its markets.
    struct EventBody: Hashable {
        var ticker = ""
        var series: String?
        var title: String?
        var mutuallyExclusive: Bool?
        var fees = FeeWords()
    }

    /// What a series adds to its events.
    struct SeriesBody: Hashable {
        var ticker = ""
        var fees = FeeWords()
    }

    /// A fee type and multiplier as the venue writes them; nil where there is none.
    struct FeeWords: Hashable {
        var type: String?
        /// Exact text of the number.
        var multiplier: String?
    }

    /// Fees that begin at an instant.
    struct FeeChange: Hashable {
        var subject: String
        var fees: FeeWords
        var from: UTCNanos
    }

    /// Whether a shard takes orders.
    struct ExchangeStatus: Hashable {
        var isTrading: Bool
        /// By `exchange_index`; what is not listed follows `isTrading`.
        var shards: [Int: Bool]
    }

    /// One page of a list.
    struct Page<Row> {
        var rows: [Row]
        /// Where the next page starts; nil on the last one.
        var cursor: String?
    }

    static func markets(_ root: JSONValue) throws(WireFault) -> Page<MarketBody> {
        guard let list = root["markets"], list.kind == .array else { throw WireFault(.missing, "markets") }
        var rows: [MarketBody] = []
        for element in list.elements { rows.append(try market(element)) }
        return Page(rows: rows, cursor: cursor(root))
    }

    static func market(_ value: JSONValue) throws(WireFault) -> MarketBody {
        guard !value.hasDuplicateKeys else { throw WireFault(.duplicate, "market") }
        guard let ticker = value["ticker"]?.text?.string, !ticker.isEmpty else { throw WireFault(.missing, "ticker") }
        var body = MarketBody(ticker: ticker)
        body.event = string(value["event_ticker"])
        body.type = string(value["market_type"])
        body.title = string(value["title"])
        body.yesSubTitle = string(value["yes_sub_title"])
        body.status = string(value["status"])
        body.close = try instant(value["close_time"], "close_time")
        body.expectedExpiration = try instant(value["expected_expiration_time"], "expected_expiration_time")
        body.latestExpiration = try instant(value["latest_expiration_time"], "latest_expiration_time")
        body.feeWaiver = try instant(value["fee_waiver_expiration_time"], "fee_waiver_expiration_time")
        body.settlementTimer = value["settlement_timer_seconds"]?.int64
        body.notional = string(value["notional_value_dollars"])
        body.settlementBounds = string(value["settlement_bounds_type"])
        body.rulesPrimary = string(value["rules_primary"])
        body.rulesSecondary = string(value["rules_secondary"])
        body.exchangeIndex = value["exchange_index"]?.int64.flatMap { Int(exactly: $0) }
        body.isProvisional = value["is_provisional"]?.bool ?? false
        if let ranges = value["price_ranges"], !ranges.isNull {
            do throws(WireFault) { body.grid = .success(try grid(ranges)) } catch { body.grid = .failure(error) }
        }
        return body
    }

    static func event(_ root: JSONValue) throws(WireFault) -> EventBody {
        guard let value = root["event"], value.kind == .object else { throw WireFault(.missing, "event") }
        guard let ticker = value["event_ticker"]?.text?.string else { throw WireFault(.missing, "event_ticker") }
        return EventBody(
            ticker: ticker, series: string(value["series_ticker"]), title: string(value["title"]),
            mutuallyExclusive: value["mutually_exclusive"]?.bool,
            fees: try fees(value, "fee_type_override", "fee_multiplier_override"))
    }

    static func series(_ root: JSONValue) throws(WireFault) -> SeriesBody {
        guard let value = root["series"], value.kind == .object else { throw WireFault(.missing, "series") }
        guard let ticker = value["ticker"]?.text?.string else { throw WireFault(.missing, "ticker") }
        return SeriesBody(ticker: ticker, fees: try fees(value, "fee_type", "fee_multiplier"))
    }

    static func seriesFeeChanges(_ root: JSONValue) throws(WireFault) -> Page<FeeChange> {
        try changes(root, "series_fee_change_arr", "series_ticker", "fee_type", "fee_multiplier")
    }

    static func eventFeeChanges(_ root: JSONValue) throws(WireFault) -> Page<FeeChange> {
        try changes(
            root, "event_fee_changes", "event_ticker", "fee_type_override", "fee_multiplier_override")
    }

    private static func changes(
        _ root: JSONValue, _ list: StaticString, _ subject: StaticString, _ type: StaticString,
        _ multiplier: StaticString
    ) throws(WireFault) -> Page<FeeChange> {
        guard let array = root[list] else { throw WireFault(.missing, list) }
        guard array.kind == .array || array.isNull else { throw WireFault(.field, list) }
        var rows: [FeeChange] = []
        for element in array.elements {
            guard let name = element[subject]?.text?.string else { throw WireFault(.missing, subject) }
            guard let from = try instant(element["scheduled_ts"], "scheduled_ts") else {
                throw WireFault(.missing, "scheduled_ts")
            }
            rows.append(FeeChange(subject: name, fees: try fees(element, type, multiplier), from: from))
        }
        rows.sort { $0.from < $1.from }
        return Page(rows: rows, cursor: cursor(root))
    }

    static func status(_ root: JSONValue) throws(WireFault) -> ExchangeStatus {
        guard let exchange = root["exchange_active"]?.bool else { throw WireFault(.missing, "exchange_active") }
        guard let trading = root["trading_active"]?.bool else { throw WireFault(.missing, "trading_active") }
        var status = ExchangeStatus(isTrading: exchange && trading, shards: [:])
        if let shards = root["exchange_index_statuses"] {
            for shard in shards.elements.prefix(256) {
                guard let index = shard["exchange_index"]?.int64.flatMap({ Int(exactly: $0) }) else {
                    throw WireFault(.missing, "exchange_index")
                }
                status.shards[index] = shard["exchange_active"]?.bool == true && shard["trading_active"]?.bool == true
            }
        }
        return status
    }

    /// Hours of every weekday and the announced maintenance, still in the venue's words.
    struct ScheduleBody: Hashable {
        struct Hours: Hashable {
            var from: UTCNanos
            var until: UTCNanos
            /// Open windows of Monday to Sunday, in minutes of the Eastern day; nil for a day that is not listed.
            var days: [[Window]?]
        }

        /// Minutes since midnight; the end is above the start and at most 1,440.
        struct Window: Hashable {
            var open: Int
            var close: Int
        }

        struct Maintenance: Hashable {
            var start: UTCNanos
            var end: UTCNanos
        }

        var hours: [Hours] = []
        var maintenance: [Maintenance] = []
    }

    static func schedule(_ root: JSONValue) throws(WireFault) -> ScheduleBody {
        guard let value = root["schedule"], value.kind == .object else { throw WireFault(.missing, "schedule") }
        guard let list = value["standard_hours"], list.kind == .array else {
            throw WireFault(.missing, "standard_hours")
        }
        var body = ScheduleBody()
        for element in list.elements.prefix(64) {
            guard let from = try instant(element["start_time"], "start_time"),
                let until = try instant(element["end_time"], "end_time")
            else { throw WireFault(.missing, "standard_hours") }
            var days: [[ScheduleBody.Window]?] = []
            let names: [7 of StaticString] = [
                "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday",
            ]
            for index in 0..<7 {
                guard let day = element[names[index]], day.kind == .array else {
                    days.append(nil)
                    continue
                }
                var windows: [ScheduleBody.Window] = []
                for window in day.elements.prefix(32) {
                    let open = try minutes(window["open_time"], "open_time")
                    let close = try minutes(window["close_time"], "close_time")
                    // Midnight as an end is the day's end; an end before its start runs into the next day.
                    windows.append(ScheduleBody.Window(open: open, close: close > open ? close : 1440))
                }
                days.append(windows)
            }
            body.hours.append(ScheduleBody.Hours(from: from, until: until, days: days))
        }
        if let windows = value["maintenance_windows"] {
            for window in windows.elements.prefix(1024) {
                guard let start = try instant(window["start_datetime"], "start_datetime"),
                    let end = try instant(window["end_datetime"], "end_datetime")
                else { throw WireFault(.missing, "maintenance_windows") }
                body.maintenance.append(ScheduleBody.Maintenance(start: start, end: end))
            }
        }
        return body
    }
}

// Fields of REST answers.
extension Wire {
    private static func cursor(_ root: JSONValue) -> String? {
        guard let text = root["cursor"]?.text, text.count > 0 else { return nil }
        return text.string
    }

    private static func string(_ value: JSONValue?) -> String? { value?.text?.string }

    private static func fees(
        _ value: JSONValue, _ type: StaticString, _ multiplier: StaticString
    ) throws(WireFault) -> FeeWords {
        var words = FeeWords()
        if let found = value[type], !found.isNull {
            guard let text = found.text else { throw WireFault(.field, type) }
            words.type = text.count > 0 ? text.string : nil
        }
        if let found = value[multiplier], !found.isNull {
            guard let text = found.decimalText else { throw WireFault(.field, multiplier) }
            words.multiplier = text.string
        }
        return words
    }

    private static func instant(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> UTCNanos? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.text else { throw WireFault(.field, field) }
        guard text.count > 0 else { return nil }
        guard let instant = UTCNanos(rfc3339: text.string) else { throw WireFault(.field, field) }
        return instant
    }

    /// `HH:MM` as minutes.
    private static func minutes(_ value: JSONValue?, _ field: StaticString) throws(WireFault) -> Int {
        guard let text = value?.text else { throw WireFault(.missing, field) }
        let bytes = Array(text.string.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { throw WireFault(.field, field) }
        var digits: [Int] = []
        for index in [0, 1, 3, 4] {
            guard bytes[index] >= 0x30, bytes[index] <= 0x39 else { throw WireFault(.field, field) }
            digits.append(Int(bytes[index]) - 0x30)
        }
        let minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]
        guard minutes <= 1440, digits[2] < 6 else { throw WireFault(.field, field) }
        return minutes
    }
}
