import Trading

/// The latency report as one self-contained page: tiles, charts, tables. No script, nothing loaded, light and dark.
public enum LatencyPage {
    /// What is written above the figures.
    public struct Heading: Sendable {
        /// The account.
        public var account: String
        /// The venues of the newest run, `production`, `demo` or `loopback`; empty when not known.
        public var venues: String
        /// How the newest run dealt with money; empty when not known.
        public var mode: String
        /// The build that made the page.
        public var build: String

        /// A heading.
        public init(account: String, venues: String, mode: String, build: String) {
            self.account = account
            self.venues = venues
            self.mode = mode
            self.build = build
        }
    }

    private static let colors = ["a", "b", "c", "d", "e", "f"]
    private static let width = 960.0

    /// The page.
    public static func text(_ report: LatencyReport, _ heading: Heading) -> String {
        let stages = report.rows(by: .stage)
        let venues = report.rows(by: .venue)
        let pairs = report.rows(by: .pair)
        var body = "<div class=\"tiles\">\(tiles(report, stages))</div>"
        guard !stages.isEmpty else {
            body += PageText.section("Nothing measured", "No order left within this time.", "")
            return PageText.page(title: "Latency", subtitle: subtitle(report, heading), body: body)
        }
        body += PageText.section(
            "From the frame to the wire",
            "Median of each stage on one order's way; medians of stages need not add up to that of the whole.",
            path(stages))
        body += PageText.section(
            "How far each stage spreads",
            "Dot: median. Thick line: to the 99th percentile. Thin line: to the longest. Logarithmic.", spread(venues))
        body += PageText.section(
            "How often it takes how long", "Each sample counted once; four columns to a factor of ten. Logarithmic.",
            "<div class=\"charts\">\(venues.map(histogram).joined(separator: "\n"))</div>")
        if report.wire.count > 1 {
            body += PageText.section(
                "Tick to wire over time", "A dot an execution, coloured where it is above the 99th percentile.",
                timeline(report))
        }
        body += PageText.section(
            "By venue and stage", "Exact order statistics, by nearest rank.", table(venues, of: "venue"))
        body += PageText.section("By pair and stage", "The same, a pair.", table(pairs, of: "pair"))
        body +=
            "<footer>arb build \(PageText.escaped(heading.build)). One monotonic clock for every stamp. "
            + "Self-contained: this file loads nothing.</footer>"
        return PageText.page(title: "Latency", subtitle: subtitle(report, heading), body: body)
    }

    private static func subtitle(_ report: LatencyReport, _ heading: Heading) -> String {
        var parts = ["account \(heading.account)"]
        if !heading.mode.isEmpty { parts.append(heading.mode == "paper" ? "paper: fills are a model" : heading.mode) }
        if !heading.venues.isEmpty { parts.append("venues=\(heading.venues)") }
        if let span = report.span {
            parts.append("\(minute(span.from)) to \(minute(span.through)) UTC")
        }
        return parts.joined(separator: " · ")
    }

    private static func minute(_ instant: UTCNanos) -> String {
        String(instant.rfc3339.prefix(16)).replacing("T", with: " ")
    }

    // MARK: Parts

    private static func tiles(_ report: LatencyReport, _ stages: [LatencyReport.Row]) -> String {
        func figures(_ stage: LatencyStage) -> Quantiles? { stages.first { $0.stage == stage.rawValue }?.figures }
        func short(_ value: Nanoseconds?) -> String { value.map { DurationText.short($0) } ?? "none" }
        let wire = figures(.tickToWire), skew = figures(.legSkew), total = figures(.total)
        return [
            PageText.tile("Executions measured", String(report.executions), "orders that left"),
            PageText.tile("Tick to wire, p50", short(wire?.p50), "first leg's last byte"),
            PageText.tile("Tick to wire, p99", short(wire?.p99), "longest \(short(wire?.max))"),
            PageText.tile("Leg skew, p50", short(skew?.p50), "p99 \(short(skew?.p99))"),
            PageText.tile("Tick to last answer, p50", short(total?.p50), "p99 \(short(total?.p99))"),
        ].joined()
    }

    /// The stages that lie behind each other before the first leg has left.
    private static let before: [LatencyStage] = [.parse, .book, .decide, .verify, .journal, .send]

    private static func path(_ stages: [LatencyReport.Row]) -> String {
        let parts = before.compactMap { stage in
            stages.first { $0.stage == stage.rawValue }.map { (stage, $0.figures) }
        }
        let whole = parts.reduce(Int64(0)) { $0 + max(0, $1.1.p50.rawValue) }
        guard whole > 0 else { return "" }
        var drawing = Drawing(width: Int(width), height: 52 + 24 * parts.count, label: "Median of each stage in order")
        var x = 0.0
        for (index, (stage, figures)) in parts.enumerated() {
            let share = Double(max(0, figures.p50.rawValue)) / Double(whole)
            let color = colors[index % colors.count]
            let words = "\(stage.rawValue): \(DurationText.short(figures.p50))"
            drawing.box(x, 4, share * width - 1, 30, color: color, tip: words)
            x += share * width
            let y = Double(58 + 24 * index)
            drawing.box(0, y - 10, 12, 12, color: color)
            drawing.text(20, y, stage.rawValue, kind: "ink")
            drawing.text(200, y, DurationText.short(figures.p50), kind: "ink end")
            drawing.text(260, y, percent(share), kind: "end")
            drawing.text(290, y, meaning(stage))
        }
        return drawing.element
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths / 10).\(tenths % 10) %"
    }

    private static func meaning(_ stage: LatencyStage) -> String {
        switch stage {
        case .parse: "the frame's receipt to its end in the parser"
        case .book: "parsed to in the book"
        case .decide: "in the book to sized"
        case .verify: "sized to approved: claim, caps, risk gate"
        case .journal: "approved to both legs prepared and recorded"
        case .send: "recorded to the last byte, each leg"
        case .tickToWire: "the frame's receipt to the first leg's last byte"
        case .legSkew: "between the legs' last bytes"
        case .ack: "last byte to the complete answer"
        case .fill: "last byte to the end of the order"
        case .total: "the frame's receipt to the last answer"
        }
    }

    private static func name(_ row: LatencyReport.Row) -> String {
        row.stage + (row.venue.map { " · \($0)" } ?? "")
    }

    private static func spread(_ rows: [LatencyReport.Row]) -> String {
        let least = rows.map { $0.figures.p50.rawValue }.min() ?? 1, most = rows.map { $0.figures.max.rawValue }.max()
        let axis = DurationAxis(least: least, most: most ?? 1, start: 170, length: width - 250)
        let height = 30 + 26 * rows.count
        var drawing = Drawing(width: Int(width), height: height, label: "Median, 99th percentile and maximum by stage")
        for mark in axis.marks {
            let x = axis.place(mark)
            drawing.line(x, 22, x, Double(height), kind: "grid")
            drawing.text(x, 14, DurationText.short(Nanoseconds(rawValue: mark)), kind: "mid")
        }
        for (index, row) in rows.enumerated() {
            let y = Double(40 + 26 * index)
            let color = row.venue == nil ? "a" : row.venue == "kalshi" ? "b" : "e"
            let figures = row.figures
            let (from, to) = (axis.place(figures.p50.rawValue), axis.place(figures.p99.rawValue))
            drawing.text(160, y + 4, name(row), kind: "ink end")
            drawing.stroke(from, y, axis.place(figures.max.rawValue), y, color: color, width: 1)
            drawing.stroke(from, y, to, y, color: color, width: 5)
            drawing.dot(
                from, y, 5, color: color,
                tip: "p50 \(DurationText.short(figures.p50)), p99 \(DurationText.short(figures.p99))")
            drawing.text(
                axis.place(figures.max.rawValue) + 8, y + 4, DurationText.short(figures.max))
        }
        return drawing.element
    }

    private static func histogram(_ row: LatencyReport.Row) -> String {
        let axis = DurationAxis(
            least: row.sorted.first ?? 1, most: row.sorted.last ?? 1, start: 6, length: 288)
        let columns = (axis.marks.count - 1) * 4
        var counts = Array(repeating: 0, count: max(1, columns))
        let step = 288 / Double(counts.count)
        for duration in row.sorted {
            let column = Int((axis.place(duration) - 6) / step)
            counts[min(max(0, column), counts.count - 1)] += 1
        }
        let most = Double(counts.max() ?? 1)
        var drawing = Drawing(width: 300, height: 132, label: "Distribution of \(name(row))")
        drawing.text(6, 14, name(row), kind: "ink")
        drawing.text(294, 14, "n \(row.figures.count)", kind: "end")
        for (index, count) in counts.enumerated() where count > 0 {
            let height = max(1, Double(count) / most * 78)
            drawing.box(
                6 + Double(index) * step + 1, 108 - height, step - 2, height,
                color: row.venue == nil ? "a" : row.venue == "kalshi" ? "b" : "e", tip: "\(count)")
        }
        drawing.line(6, 108.5, 294, 108.5, kind: "base")
        for (index, mark) in axis.marks.enumerated() {
            let isLast = index == axis.marks.count - 1
            drawing.text(
                axis.place(mark), 124, DurationText.short(Nanoseconds(rawValue: mark)),
                kind: index == 0 ? "" : isLast ? "end" : "mid")
        }
        return drawing.element
    }

    /// At most this many dots: of more, each column of the drawing shows its longest and its median.
    private static let dotsMax = 2_000

    private static func timeline(_ report: LatencyReport) -> String {
        let points = thinned(report.wire)
        let sorted = report.wire.map(\.duration.rawValue).sorted()
        guard let figures = Quantiles(ascending: sorted), let first = points.first, let last = points.last else {
            return ""
        }
        let height = 240.0
        let axis = DurationAxis(least: sorted[0], most: figures.max.rawValue, start: 0, length: height - 40)
        func y(_ duration: Int64) -> Double { height - 24 - axis.place(duration) }
        var drawing = Drawing(width: Int(width), height: Int(height), label: "Tick to wire over time")
        for mark in axis.marks {
            drawing.line(60, y(mark), width, y(mark), kind: "grid")
            drawing.text(52, y(mark) + 4, DurationText.short(Nanoseconds(rawValue: mark)), kind: "end")
        }
        let whole = Double(max(1, (last.at - first.at).rawValue))
        for point in points {
            let x = 66 + Double((point.at - first.at).rawValue) / whole * (width - 76)
            let isSlow = point.duration > figures.p99
            drawing.dot(
                x, y(point.duration.rawValue), isSlow ? 3 : 2, color: isSlow ? "d" : "a",
                tip: "\(point.at.rfc3339.dropFirst(11).prefix(12)) \(DurationText.short(point.duration))")
        }
        drawing.text(60, height - 4, String(first.at.rfc3339.dropFirst(11).prefix(8)))
        drawing.text(width, height - 4, String(last.at.rfc3339.dropFirst(11).prefix(8)), kind: "end")
        return drawing.element
    }

    private static func thinned(_ points: [LatencyReport.Point]) -> [LatencyReport.Point] {
        guard points.count > dotsMax, let first = points.first, let last = points.last else { return points }
        let columns = dotsMax / 2
        let span = max(1, (last.at - first.at).rawValue)
        var groups: [Int: [LatencyReport.Point]] = [:]
        for point in points {
            let column = Int(Int128((point.at - first.at).rawValue) * Int128(columns) / Int128(span))
            groups[column, default: []].append(point)
        }
        return groups.sorted { $0.key < $1.key }.flatMap { _, group -> [LatencyReport.Point] in
            let sorted = group.sorted { $0.duration < $1.duration }
            return sorted.count == 1 ? sorted : [sorted[sorted.count / 2], sorted[sorted.count - 1]]
        }
    }

    private static func table(_ rows: [LatencyReport.Row], of group: String) -> String {
        PageText.table(
            [group, "stage", "n", "p50", "p90", "p99", "p99.9", "max"], words: 2,
            rows.map { row in
                let figures = row.figures
                let cells = [figures.p50, figures.p90, figures.p99, figures.p999, figures.max].map(DurationText.short)
                let name = group == "pair" ? row.pair ?? "" : row.venue ?? "both legs"
                return [name, row.stage, String(figures.count)] + cells
            })
    }
}
