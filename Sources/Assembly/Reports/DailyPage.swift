internal import Store
internal import Trading

/// The daily report as one self-contained page.
public enum DailyPage {
    /// The page.
    public static func text(_ report: DailyReport, build: String) -> String {
        let total = report.total, held = report.exposure
        var body =
            "<div class=\"tiles\">"
            + [
                PageText.tile("Held now", held.word.uppercased(), exposureNote(held)),
                PageText.tile("Net", DailyReport.dollars(total.net), "expected \(DailyReport.dollars(total.expected))"),
                PageText.tile(
                    "Locked", DailyReport.dollars(report.locked.net),
                    DailyReport.plural(report.locked.count, "execution")),
                PageText.tile(
                    "Unwound", DailyReport.dollars(report.unwound.net),
                    DailyReport.plural(report.unwound.count, "execution")),
                PageText.tile(
                    "Breaker", report.openBreakers.isEmpty ? "closed" : "OPEN",
                    DailyReport.plural(report.breakers.count { $0.isOpen && $0.event != "half_open" }, "trip")),
            ].joined() + "</div>"
        body += PageText.section(
            "Executions", "By how they ended; net in dollars with all fees.",
            PageText.table(
                ["result", "count", "expected", "net", "not known yet"], words: 1,
                report.results.sorted { $0.key < $1.key }.map { result, sum in
                    [result, String(sum.count), sum.expected.description, sum.net.description, String(sum.open)]
                }))
        body += PageText.section("Net by pair", "Expected and what came of it.", pairs(report))
        body += PageText.section(
            "Orders", "Amounts of a venue are in its own currency and never added to another's.", venues(report))
        body += PageText.section(
            "Opportunities not fired", "With what they would have paid at their best.",
            PageText.table(
                ["why", "count", "at best"], words: 1,
                report.missed.map { ["\($0.first) \($0.second)", String($0.count), DailyReport.dollars($0.sum)] }
                    + report.opportunities.filter { $0.second != "taken" }.map {
                        ["\($0.second) (\($0.first))", String($0.count), DailyReport.dollars($0.sum)]
                    }))
        body += PageText.section("What went wrong", "Counts of the day.", faults(report))
        body += PageText.section(
            "Breaker and halts", "In order of time.",
            PageText.table(
                ["at", "what", "why"], words: 3,
                report.breakers.map { [DailyReport.clock($0.at), "\($0.scope) \($0.event)", $0.text] }
                    + report.halts.map { [DailyReport.clock($0.at), $0.action, $0.reason] }))
        body += "<footer>arb build \(PageText.escaped(build)). Self-contained: this file loads nothing.</footer>"
        let period = "\(report.from.rfc3339.prefix(16)) to \(min(report.until, report.at).rfc3339.prefix(16)) UTC"
        return PageText.page(
            title: "Daily report",
            subtitle: "account \(report.account) · \(period.replacing("T", with: " ")) · \(report.nature)", body: body)
    }

    private static func exposureNote(_ held: DailyReport.Exposure) -> String {
        if held.unknown > 0 { return DailyReport.plural(held.unknown, "unknown leg") }
        if held.alone > 0 { return DailyReport.plural(held.alone, "execution") + " may stand alone" }
        return held.boxes == 0
            ? "nothing is held"
            : "\(DailyReport.plural(held.boxes, "box", "boxes")), \(DailyReport.dollars(held.locked)) locked"
    }

    private static func pairs(_ report: DailyReport) -> String {
        let shown = report.pairs.prefix(40)
        let most = max(1, shown.map { max($0.expected.rawValue.magnitude, $0.net.rawValue.magnitude) }.max() ?? 1)
        let height = 24 + 30 * shown.count
        var drawing = Drawing(width: 960, height: height, label: "Expected and realised net by pair")
        drawing.box(200, 6, 10, 10, color: "c")
        drawing.text(216, 15, "expected")
        drawing.box(290, 6, 10, 10, color: "b")
        drawing.text(306, 15, "net")
        func length(_ money: Money) -> Double { Double(money.rawValue.magnitude) / Double(most) * 560 }
        for (index, pair) in shown.enumerated() {
            let y = Double(26 + 30 * index)
            drawing.text(190, y + 15, String(pair.pair.prefix(28)), kind: "ink end")
            drawing.box(200, y + 2, length(pair.expected), 9, color: "c")
            drawing.box(200, y + 12, length(pair.net), 9, color: pair.net.rawValue < 0 ? "d" : "b")
            drawing.text(
                216 + max(length(pair.net), length(pair.expected)), y + 16,
                "\(DailyReport.dollars(pair.net)) of \(DailyReport.dollars(pair.expected)) · \(pair.fired) fired")
        }
        return drawing.element
    }

    private static func venues(_ report: DailyReport) -> String {
        PageText.table(
            [
                "venue", "orders", "filled", "partial", "none", "refused", "unknown", "fills", "bought", "spent",
                "sold",
                "received", "fees",
            ], words: 1,
            report.venues.map { venue in
                let counts = ["filled", "partial", "unfilled", "rejected", "unknown"].map {
                    String(venue.orders[$0] ?? 0)
                }
                let currency = venue.venue == .polymarket ? " pUSD" : " USD"
                return [venue.venue.name, String(venue.count)] + counts
                    + [
                        String(venue.fills), venue.bought.description, venue.spent.description + currency,
                        venue.sold.description, venue.received.description + currency,
                        venue.fees.description + currency,
                    ]
            })
    }

    private static func faults(_ report: DailyReport) -> String {
        PageText.table(
            ["where", "what", "count"], words: 2,
            report.orderFaults.map { [$0.first, $0.second, String($0.count)] }
                + report.notices.map { ["feeds", $0.first, String($0.count)] }
                + report.alerts.map { ["alerts", "\($0.first) (\($0.second))", String($0.count)] })
    }
}
