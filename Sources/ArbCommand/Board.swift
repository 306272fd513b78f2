import Arb
import Assembly
import Codec
import Trading

/// The live board: exposure first, then links and books, edges now, and what has been. At most 22 lines of 80 columns: a status line of the terminal's own may have the rest.
struct Board {
    let status: LiveStatus
    /// Am I exposed?
    let exposure: String
    let recent: [Opportunity]
    let names: BasketNames
    let tally: RunTally
    let started: Stamp
    let venues: String
    let account: String
    let hasColor: Bool
    /// What was traded; nil in a dry run.
    var trades: TradeGlance?

    /// The whole board, with the escape codes that redraw it in place.
    var text: String {
        let lines = (head + edges + history + foot).prefix(22)
        // Home, then each line with "erase to its end", then "erase what is below": no flicker, nothing left over.
        return "\u{1B}[?25l\u{1B}[H" + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\n\u{1B}[J"
    }

    private func bright(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    private func dim(_ text: String) -> String { hasColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }

    private var head: [String] {
        let engine = status.engine
        let seconds = (engine.at.monotonic - started.monotonic).rawValue / 1_000_000_000
        let perVenue = VenueID.allCases.map { venue -> String in
            let mine = status.links.filter { $0.link.venue == venue }
            let offset =
                engine.offsets.first { $0.venue == venue }?.offset.map { " \($0.rawValue / 1_000_000)ms" } ?? ""
            return "\(venue.name) \(mine.filter(\.isUp).count)/\(mine.count)\(offset)"
        }
        let reasons = engine.voidReasons.map { "\($0.count) \($0.reason.rawValue)" }.joined(separator: ", ")
        return [
            bright(Terminal.cell(exposure, 36))
                + " \(status.trader == nil ? "nothing is sent" : exposure.hasPrefix("PAPER") ? "PAPER" : "LIVE") "
                + "\(venues) \(Terminal.cell(account, 12))" + Terminal.right("\(seconds / 60)m\(seconds % 60)s", 8),
            "links  " + perVenue.joined(separator: "   ")
                + "   \(status.framesPerSecond) msg/s   \(engine.counters.frames) messages",
            "books  \(engine.live) live  \(engine.held) held  \(engine.void) void  \(engine.blocked) blocked"
                + (reasons.isEmpty ? "" : dim("  (\(reasons))")),
            "",
        ]
    }

    private var edges: [String] {
        let alive = status.engine.alive.sorted { $0.best.net > $1.best.net }.prefix(5)
        var lines = [
            bright(Terminal.cell("EDGES NOW (\(status.engine.alive.count))", 20))
                + dim(
                    " \(Terminal.cell("pair", 22)) \(Terminal.right("size", 8)) \(Terminal.right("net", 8)) "
                        + "\(Terminal.right("bps", 6))  verdict")
        ]
        for opportunity in alive {
            lines.append(
                "  \(Terminal.cell(names[opportunity.basket].direction, 18)) \(Terminal.cell(names[opportunity.basket].pair.name, 22)) "
                    + "\(Terminal.right(opportunity.best.orderQty.description, 8)) "
                    + "\(Terminal.right(OpportunityLine.dollars(opportunity.best.net), 8)) "
                    + "\(Terminal.right(String(opportunity.best.edgeBps), 6))  \(Terminal.cell(opportunity.disposition.rawValue, 10))"
            )
        }
        return lines + Array(repeating: "", count: 6 - alive.count)
    }

    /// What was fired, coloured by how it ended.
    private func fires(_ trades: TradeGlance) -> [String] {
        let lines = trades.lines.prefix(8).map { fire in
            guard hasColor else { return fire.line }
            let color =
                switch fire.kind {
                case .filled: "32"
                case .partial, .unwound, .missed: "33"
                case .unknown, .refused: "31"
                }
            return "\u{1B}[\(color)m\(fire.line)\u{1B}[0m"
        }
        let head =
            bright(Terminal.cell("LATEST", 12))
            + dim(" result   pair               \(Terminal.cell("fills", 20)) \(Terminal.right("net", 8))")
        return [head] + lines + Array(repeating: "", count: 8 - lines.count)
    }

    private var history: [String] {
        if let trades { return fires(trades) }
        var lines = [
            bright(Terminal.cell("LATEST", 12))
                + dim(
                    " \(Terminal.cell("pair", 22)) \(Terminal.right("size", 8)) \(Terminal.right("net", 8)) "
                        + "\(Terminal.right("life", 7)) \(Terminal.cell("verdict", 12)) late")
        ]
        for opportunity in recent.suffix(8).reversed() { lines.append(OpportunityLine.text(opportunity, names)) }
        return lines + Array(repeating: "", count: max(0, 9 - lines.count))
    }

    private var foot: [String] {
        if let trades {
            return [
                "", bright(Terminal.cell(trades.summary, 79)),
                dim(Terminal.cell(trades.lastStop.isEmpty ? tally.lastNotice : trades.lastStop, 79)),
            ]
        }
        return [
            "",
            "seen \(tally.born)   would take \(tally.taken)   still there later \(tally.held)   expected "
                + OpportunityLine.dollars(Money(rawValue: tally.expected)),
            dim(Terminal.cell(tally.lastNotice, 79)),
        ]
    }
}
