import Assembly
import Codec
import Foundation
import Store
import Testing
import Trading

@Suite("The latency report")
struct LatencyReportTests {
    @Test(
        "quantiles are values that were measured, by nearest rank",
        arguments: [
            (values: [7], p50: 7, p90: 7, p99: 7, p999: 7), (values: [1, 2], p50: 1, p90: 2, p99: 2, p999: 2),
            (values: Array(1...100), p50: 50, p90: 90, p99: 99, p999: 100),
            (values: Array(1...10_000), p50: 5_000, p90: 9_000, p99: 9_900, p999: 9_990),
        ] as [(values: [Int64], p50: Int64, p90: Int64, p99: Int64, p999: Int64)])
    func quantiles(values: [Int64], p50: Int64, p90: Int64, p99: Int64, p999: Int64) throws {
        let figures = try #require(Quantiles(ascending: values))
        #expect(figures.count == values.count && figures.max.rawValue == values.last)
        #expect(figures.p50.rawValue == p50 && figures.p90.rawValue == p90)
        #expect(figures.p99.rawValue == p99 && figures.p999.rawValue == p999)
        #expect(Quantiles(ascending: []) == nil)
    }

    @Test("quantiles of random samples are those that counting gives")
    func counted() throws {
        var random = SeededGenerator(seed: 11)
        for count in [3, 10, 99, 100, 101, 999, 1_000, 1_001] {
            let sorted = (0..<count).map { _ in Int64(random.next() % 1_000) }.sorted()
            let figures = try #require(Quantiles(ascending: sorted))
            for (figure, perMille) in [(figures.p50, 500), (figures.p90, 900), (figures.p99, 990), (figures.p999, 999)]
            {
                let atMost = sorted.count { $0 <= figure.rawValue }, below = sorted.count { $0 < figure.rawValue }
                #expect(atMost * 1_000 >= perMille * count && below * 1_000 < perMille * count)
            }
        }
    }

    @Test(
        "a duration has three digits and a unit",
        arguments: [
            (0, "0ns"), (999, "999ns"), (1_000, "1.00us"), (9_999, "9.99us"), (12_345, "12.3us"), (999_999, "999us"),
            (1_000_000, "1.00ms"), (1_050_000, "1.05ms"), (999_999_999, "999ms"), (1_000_000_000, "1.00s"),
            (123_456_000_000, "123s"), (-1_500, "-1.50us"),
        ] as [(Int64, String)])
    func words(nanoseconds: Int64, text: String) {
        #expect(DurationText.short(Nanoseconds(rawValue: nanoseconds)) == text)
    }

    @Test(
        "a field of comma-separated values is quoted where it must be, and no formula",
        arguments: [
            ("plain", "plain"), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("=1+1", "'=1+1"),
            ("-0.50", "-0.50"), ("-1+cmd", "'-1+cmd"), ("@x", "'@x"), ("two\nlines", "\"two\nlines\""), ("", ""),
        ])
    func fields(field: String, text: String) { #expect(CSVText.quoted(field) == text) }

    // MARK: From a ledger

    private func ledger(_ path: String) throws -> Ledger {
        let ledger = try Ledger(path: path)
        let start = UTCNanos(rawValue: 1_800_000_000_000_000_000)
        for number in 1...200 as ClosedRange<Int64> {
            let pair = number % 2 == 0 ? "even<script>" : "odd"
            let samples = [
                LatencySample(.tickToWire, Nanoseconds(rawValue: number * 1_000)),
                LatencySample(.parse, Nanoseconds(rawValue: number)),
                LatencySample(.ack, venue: .kalshi, Nanoseconds(rawValue: number * 10_000)),
                LatencySample(.ack, venue: .polymarket, Nanoseconds(rawValue: number * 20_000)),
            ]
            try ledger.add(
                samples, of: ExecutionID(run: 1, sequence: UInt32(number)), pair: pair, at: start + .seconds(number))
        }
        return ledger
    }

    private func withLedger(_ body: (Ledger) throws -> Void) throws {
        let folder = NSTemporaryDirectory() + "/latency-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(try ledger(folder + "/ledger.db"))
    }

    @Test("each grouping has each sample in one row, stages in the order of an order's way")
    func groups() throws {
        try withLedger { ledger in
            let report = try LatencyReport(ledger)
            #expect(report.executions == 200 && report.wire.count == 200)
            for grouping in LatencyReport.Grouping.allCases {
                #expect(report.rows(by: grouping).reduce(0) { $0 + $1.figures.count } == 800)
            }
            #expect(report.rows(by: .stage).map(\.stage) == ["parse", "tick_to_wire", "ack"])
            let venues = report.rows(by: .venue)
            #expect(venues.map(\.venue) == [nil, nil, "kalshi", "polymarket"])
            #expect(venues[2].figures.p50.rawValue == 1_000_000 && venues[3].figures.max.rawValue == 4_000_000)
            let pairs = report.rows(by: .pair)
            #expect(pairs.map(\.pair) == ["even<script>", "even<script>", "even<script>", "odd", "odd", "odd"])
            for line in LatencyReport.table(pairs, by: .pair) { #expect(line.count <= 80, "\(line)") }
        }
    }

    @Test("filters leave what they say")
    func filters() throws {
        try withLedger { ledger in
            var filter = LatencyReport.Filter()
            filter.stage = .ack
            filter.venue = .polymarket
            filter.pair = "odd"
            filter.since = UTCNanos(rawValue: 1_800_000_000_000_000_000) + .seconds(101)
            let report = try LatencyReport(ledger, filter)
            let rows = report.rows(by: .venue)
            #expect(rows.count == 1 && rows[0].figures.count == 50 && report.executions == 50)
            #expect(report.rows(by: .venue)[0].sorted.first == Int64(2_020_000))
        }
    }

    @Test("the page is whole, loads nothing, and takes no text for markup")
    func page() throws {
        try withLedger { ledger in
            let heading = LatencyPage.Heading(account: "a<b>&\"", venues: "loopback", mode: "live", build: "test")
            let page = LatencyPage.text(try LatencyReport(ledger), heading)
            #expect(page.contains("a&lt;b&gt;&amp;&quot;") && page.contains("even&lt;script&gt;"))
            for word in ["<script", "http:", "https:", "src=", "url(", "@import"] { #expect(!page.contains(word)) }
            #expect(page.contains("prefers-color-scheme:dark") && page.contains("1.00ms"))
            #expect(page.contains(">n 200<") && page.contains("nan") == false && page.contains("inf\"") == false)
            // Every drawing, and the page around it, is well-formed.
            let body = try #require(page.range(of: "<body>").map { page[$0.lowerBound...] })
            #expect(trouble("<html>" + body) == nil)
        }
    }

    @Test("an empty report is a page all the same")
    func empty() throws {
        let folder = NSTemporaryDirectory() + "/latency-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let report = try LatencyReport(try Ledger(path: folder + "/ledger.db"))
        #expect(report.rows(by: .venue).isEmpty && report.span == nil)
        let heading = LatencyPage.Heading(account: "a", venues: "", mode: "paper", build: "test")
        let page = LatencyPage.text(report, heading)
        #expect(page.contains("Nothing measured") && page.contains("paper: fills are a model"))
    }
}

/// Why the tags of a text do not open and close each other; nil when they do.
private func trouble(_ text: String) -> String? {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
        guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without an end" }
        let tag = rest[rest.index(after: start)..<end]
        rest = rest[rest.index(after: end)...]
        if tag.contains("<") { return "a tag within a tag: \(tag)" }
        guard tag.count(where: { $0 == "\"" }) % 2 == 0 else { return "a quote is open: \(tag)" }
        if tag.hasPrefix("/") {
            guard open.popLast() == tag.dropFirst() else { return "\(tag) closes nothing" }
        } else if !tag.hasSuffix("/") {
            open.append(tag.prefix { $0 != " " })
        }
    }
    return open.isEmpty ? nil : "left open: \(open)"
}
