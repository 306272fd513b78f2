public import Codec
public import Store
public import Trading

/// Every measured stage of the executions of some time, grouped as asked: exact, from the ledger's own rows.
public struct LatencyReport: Sendable {
    /// What a row is about, beside its stage.
    public enum Grouping: String, CaseIterable, Sendable {
        /// Each pair and stage.
        case pair
        /// Each venue and stage; what concerns the whole has a row of its own.
        case venue
        /// Each stage alone.
        case stage
    }

    /// Which samples count.
    public struct Filter: Sendable {
        /// Measured at or after.
        public var since: UTCNanos?
        /// Pairs whose id contains this.
        public var pair: String?
        /// One venue alone.
        public var venue: VenueID?
        /// One stage alone.
        public var stage: LatencyStage?

        /// All.
        public init() {}
    }

    /// One line of the report.
    public struct Row: Hashable, Sendable {
        /// The pair; nil: all.
        public let pair: String?
        /// The venue; nil: what concerns the whole, or all.
        public let venue: String?
        /// The stage's word.
        public let stage: String
        /// The figures.
        public let figures: Quantiles
        /// All durations, ascending. Unit: 1 ns.
        public let sorted: [Int64]
    }

    /// One sample in time.
    public struct Point: Hashable, Sendable {
        /// When.
        public let at: UTCNanos
        /// How long it took.
        public let duration: Nanoseconds
    }

    private struct Key: Hashable {
        let pair: String
        let venue: String
        let stage: String
    }

    private let samples: [Key: [Int64]]
    /// From a frame to the first leg's last byte, in order of time.
    public let wire: [Point]
    /// How many executions were measured.
    public let executions: Int
    /// The first and the last instant measured; nil without samples.
    public let span: (from: UTCNanos, through: UTCNanos)?

    /// Reads the samples that a filter lets through.
    ///
    /// - Throws: `StoreFault`.
    public init(_ ledger: Ledger, _ filter: Filter = Filter()) throws(StoreFault) {
        var samples: [Key: [Int64]] = [:]
        var wire: [Point] = []
        var executions: Set<String> = []
        var (from, through) = (Int64.max, Int64.min)
        try ledger.latency(since: filter.since) { row in
            if let pair = filter.pair, !row.pair.contains(pair) { return }
            if let venue = filter.venue, row.venue != venue.name { return }
            if let stage = filter.stage, row.stage != stage.rawValue { return }
            let key = Key(pair: row.pair, venue: row.venue ?? "", stage: row.stage)
            samples[key, default: []].append(row.duration.rawValue)
            executions.insert(row.execution)
            (from, through) = (min(from, row.at.rawValue), max(through, row.at.rawValue))
            if row.stage == LatencyStage.tickToWire.rawValue {
                wire.append(Point(at: row.at, duration: row.duration))
            }
        }
        self.samples = samples
        self.wire = wire.sorted { ($0.at, $0.duration) < ($1.at, $1.duration) }
        self.executions = executions.count
        span = executions.isEmpty ? nil : (UTCNanos(rawValue: from), UTCNanos(rawValue: through))
    }

    /// The report: groups by name, stages in the order in which an order meets them.
    public func rows(by grouping: Grouping) -> [Row] {
        var merged: [Key: [Int64]] = [:]
        for (key, durations) in samples {
            let group =
                switch grouping {
                case .pair: Key(pair: key.pair, venue: "", stage: key.stage)
                case .venue: Key(pair: "", venue: key.venue, stage: key.stage)
                case .stage: Key(pair: "", venue: "", stage: key.stage)
                }
            merged[group, default: []] += durations
        }
        let rows = merged.compactMap { key, durations -> Row? in
            let sorted = durations.sorted()
            guard let figures = Quantiles(ascending: sorted) else { return nil }
            return Row(
                pair: key.pair.isEmpty ? nil : key.pair, venue: key.venue.isEmpty ? nil : key.venue, stage: key.stage,
                figures: figures, sorted: sorted)
        }
        return rows.sorted { left, right in
            (left.pair ?? "", left.venue ?? "", Self.order(left.stage), left.stage)
                < (right.pair ?? "", right.venue ?? "", Self.order(right.stage), right.stage)
        }
    }

    /// Where a stage lies on an order's way.
    static func order(_ stage: String) -> Int {
        LatencyStage.allCases.firstIndex { $0.rawValue == stage } ?? LatencyStage.allCases.count
    }

    // MARK: Forms

    /// Lines of at most 80 columns.
    public static func table(_ rows: [Row], by grouping: Grouping) -> [String] {
        let head = grouping == .stage ? "" : grouping.rawValue
        let width = grouping == .stage ? 0 : grouping == .venue ? 11 : 19
        func line(_ group: String, _ stage: String, _ cells: [String]) -> String {
            let name = width == 0 ? "" : fitted(group, width) + " "
            return name + fitted(stage, 12) + cells.map { padded($0, 8) }.joined()
        }
        var lines = [line(head, "stage", ["n", "p50", "p90", "p99", "p99.9", "max"])]
        var last: String?
        for row in rows {
            let group = grouping == .pair ? row.pair ?? "" : row.venue ?? "both legs"
            let figures = row.figures
            let cells = [figures.p50, figures.p90, figures.p99, figures.p999, figures.max].map(DurationText.short)
            lines.append(line(group == last ? "" : group, row.stage, [String(figures.count)] + cells))
            last = group
        }
        return lines
    }

    private static func fitted(_ text: String, _ width: Int) -> String {
        let neutral = TerminalText.neutral(text)
        if neutral.count <= width { return neutral + String(repeating: " ", count: width - neutral.count) }
        return String(neutral.prefix(width - 1)) + "…"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// One object, schema `arb.latency/1`: durations in nanoseconds; a pair or venue that is not told is null.
    public static func write(_ row: Row, by grouping: Grouping, into json: inout JSONWriter) {
        json.beginObject()
        json.member("schema", "arb.latency/1")
        json.member("by", grouping.rawValue)
        json.key("pair")
        if let pair = row.pair { json.string(pair) } else { json.null() }
        json.key("venue")
        if let venue = row.venue { json.string(venue) } else { json.null() }
        json.member("stage", row.stage)
        json.member("n", row.figures.count)
        json.member("p50_ns", row.figures.p50.rawValue)
        json.member("p90_ns", row.figures.p90.rawValue)
        json.member("p99_ns", row.figures.p99.rawValue)
        json.member("p999_ns", row.figures.p999.rawValue)
        json.member("max_ns", row.figures.max.rawValue)
        json.endObject()
    }

    /// Columns of `csv`, in this order for ever; new ones come behind.
    public static let csvHeader = "pair,venue,stage,n,p50_ns,p90_ns,p99_ns,p999_ns,max_ns"

    /// One line of comma-separated values.
    public static func csv(_ row: Row) -> String {
        let figures = row.figures
        let numbers = [figures.p50, figures.p90, figures.p99, figures.p999, figures.max].map { String($0.rawValue) }
        return CSVText.line([row.pair ?? "", row.venue ?? "", row.stage, String(figures.count)] + numbers)
    }
}
