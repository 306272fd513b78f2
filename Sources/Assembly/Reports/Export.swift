internal import Codec
public import Store
public import Trading

/// What `arb export` gives away: one table of the ledger, row by row, in columns that never change their place.
///
/// A new column comes behind the others; none is renamed, moved or given another unit. Prices, sizes and money are decimal
/// text, durations whole nanoseconds, times RFC 3339 UTC; what is not known is empty in CSV and null in NDJSON.
public enum Export {
    /// The tables.
    public enum Table: String, CaseIterable, Sendable {
        /// Orders as all evidence stands.
        case orders
        /// Fills by the venue's names.
        case fills
        /// Executions.
        case executions
        /// Boxes: what executions hold, or held.
        case boxes
        /// Opportunities.
        case opportunities
        /// Opportunities that were not fired, and why.
        case refusals
        /// Measured stages.
        case latency
        /// Changes of breakers.
        case breakers
        /// What venues said of our orders, without secrets.
        case receipts
    }

    /// How rows are written.
    public enum Format: String, CaseIterable, Sendable {
        /// Comma-separated values, the columns' names first.
        case csv
        /// One JSON object a line.
        case ndjson
    }

    /// Which rows.
    public struct Filter: Sendable {
        /// Recorded, decided, born or told at or after.
        public var since: UTCNanos?
        /// Before.
        public var until: UTCNanos?
        /// Pairs whose id contains this.
        public var pair: String?
        /// One venue alone, where rows have one.
        public var venue: VenueID?

        /// All.
        public init() {}

        func lets(_ instant: UTCNanos, _ pair: String, _ venue: String? = nil) -> Bool {
            if let since, instant < since { return false }
            if let until, instant >= until { return false }
            if let wanted = self.pair, !pair.contains(wanted) { return false }
            if let wanted = self.venue, let venue, wanted.name != venue { return false }
            return true
        }
    }

    /// One value of a row.
    enum Cell {
        case text(String)
        case integer(Int64)
        /// Units of 1e-8.
        case decimal(Int64)
        case bool(Bool)
        case none

        static func time(_ instant: UTCNanos?) -> Cell { instant.map { .text($0.rfc3339) } ?? .none }
        static func money(_ money: Money?) -> Cell { money.map { .decimal($0.rawValue) } ?? .none }
        static func words(_ text: String?) -> Cell { text.flatMap { $0.isEmpty ? nil : .text($0) } ?? .none }
    }

    /// Names of a table's columns, in their order.
    public static func columns(_ table: Table) -> [String] {
        switch table {
        case .orders:
            [
                "intended", "cl_ord_id", "order_id", "execution", "role", "venue", "pair", "symbol", "token", "outcome",
                "side", "purpose", "time_in_force", "order_qty", "limit_px", "cash_order_qty", "state", "cum_qty",
                "leaves_qty", "voided_qty", "avg_px", "cum_cash", "fee", "fee_whole", "sent", "heard", "text",
            ]
        case .fills:
            [
                "at", "exec_id", "cl_ord_id", "order_id", "execution", "role", "venue", "pair", "symbol", "outcome",
                "side", "last_qty", "last_px", "fee", "liquidity", "settlement",
            ]
        case .executions:
            [
                "decided", "id", "pair", "direction", "mode", "result", "edge_expected_usd", "edge_realized_usd",
                "opportunity", "error",
            ]
        case .boxes:
            [
                "opened", "execution", "pair", "state", "over", "quantity", "cost_usd", "payoff_usd", "net_usd",
                "payout", "changed",
            ]
        case .opportunities:
            [
                "born", "pair", "kind", "direction", "disposition", "order_qty", "locked_usd", "edge_usd", "edge_bps",
                "best_edge_usd", "best_qty", "lifetime_ns", "end_reason", "judged_net_usd", "judged_filled", "id",
            ]
        case .refusals: ["at", "opportunity", "pair", "code", "reason", "text", "edge_usd"]
        case .latency: ["at", "execution", "pair", "venue", "stage", "duration_ns"]
        case .breakers: ["at", "scope", "event", "open", "reasons", "figure", "limit", "since", "text"]
        case .receipts: ["at", "venue", "kind", "cl_ord_id", "order_id", "http", "body"]
        }
    }

    /// Gives every row of a table, oldest first, as bytes with their line feeds; CSV begins with its columns' names.
    ///
    /// - Parameter write: gets pieces of whole lines; ends the export by throwing.
    /// - Throws: `StoreFault`, or what `write` throws.
    public static func run(
        _ table: Table, _ format: Format, from ledger: Ledger, _ filter: Filter = Filter(),
        to write: ([UInt8]) throws -> Void
    ) throws {
        // The buffer ends with this call, and so does what it holds.
        try withoutActuallyEscaping(write) { write in
            var buffer = LineBuffer(format, table, write)
            if format == .csv { try buffer.line(columns(table).joined(separator: ",")) }
            try rows(table, ledger, filter, &buffer)
            try buffer.finish()
        }
    }

    private static func rows(
        _ table: Table, _ ledger: Ledger, _ filter: Filter, _ buffer: inout LineBuffer
    ) throws {
        switch table {
        case .orders: try orders(ledger, filter, &buffer)
        case .fills: try fills(ledger, filter, &buffer)
        case .executions: try executions(ledger, filter, &buffer)
        case .boxes: try boxes(ledger, filter, &buffer)
        case .opportunities: try opportunities(ledger, filter, &buffer)
        case .refusals: try refusals(ledger, filter, &buffer)
        case .latency: try latency(ledger, filter, &buffer)
        case .breakers: try breakers(ledger, filter, &buffer)
        case .receipts: try receipts(ledger, filter, &buffer)
        }
    }

    /// Collects lines and gives them away in pieces.
    struct LineBuffer {
        let format: Format
        private let names: [String]
        private let schema: String
        private let write: ([UInt8]) throws -> Void
        private var json = JSONWriter(reserved: 1 << 17)
        private var bytes: [UInt8] = []
        private static let pieceMax = 1 << 16

        init(_ format: Format, _ table: Table, _ write: @escaping ([UInt8]) throws -> Void) {
            self.format = format
            self.write = write
            names = Export.columns(table)
            schema = "arb.export.\(table.rawValue)/1"
        }

        mutating func line(_ text: String) throws {
            bytes += text.utf8
            bytes.append(UInt8(ascii: "\n"))
            if bytes.count >= Self.pieceMax { try finish() }
        }

        /// A row; `object` is the whole object where the ledger keeps one, and is what NDJSON gives.
        mutating func row(_ cells: [Cell], object: String? = nil) throws {
            precondition(cells.count == names.count, "as many cells as columns")
            guard format == .ndjson else { return try line(CSVText.line(cells.map(Self.csv))) }
            if let object { return try line(object) }
            json.reset()
            json.beginObject()
            json.member("schema", schema)
            for (name, cell) in zip(names, cells) {
                json.key(name)
                switch cell {
                case .text(let text): json.string(text)
                case .integer(let integer): json.integer(integer)
                case .decimal(let units): json.decimalString(units)
                case .bool(let bool): json.bool(bool)
                case .none: json.null()
                }
            }
            json.endObject()
            try line(json.string)
        }

        private static func csv(_ cell: Cell) -> String {
            switch cell {
            // A venue's words may hold anything: a line stays a line, and no byte acts on a terminal.
            case .text(let text): TerminalText.neutral(text)
            case .integer(let integer): String(integer)
            case .decimal(let units): FixedPoint.text(units)
            case .bool(let bool): bool ? "true" : "false"
            case .none: ""
            }
        }

        /// Gives away what is left.
        mutating func finish() throws {
            guard !bytes.isEmpty else { return }
            try write(bytes)
            bytes.removeAll(keepingCapacity: true)
        }
    }
}
