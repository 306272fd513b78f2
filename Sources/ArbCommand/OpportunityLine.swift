import Arb
import Assembly
import Trading

/// One opportunity in one line of at most 80 columns.
enum OpportunityLine {
    static func text(_ opportunity: Opportunity, _ names: BasketNames) -> String {
        let entry = names[opportunity.basket]
        let time = opportunity.born.utc.rfc3339.dropFirst(11).prefix(12)
        let later = opportunity.judgements.last.map { $0.filled ? "held" : "gone" } ?? "-"
        return
            "\(time) \(Terminal.cell(entry.pair.name, 22)) \(Terminal.right(opportunity.best.orderQty.description, 8)) "
            + "\(Terminal.right(dollars(opportunity.best.net), 8)) \(Terminal.right(life(opportunity), 7)) "
            + "\(Terminal.cell(opportunity.disposition.rawValue, 12)) \(later)"
    }

    /// Dollars to the cent, toward zero: for people.
    static func dollars(_ money: Money) -> String {
        let cents = money.rawValue / 1_000_000
        let rest = String(cents.magnitude % 100)
        return (money.rawValue < 0 ? "-$" : "$") + "\(cents.magnitude / 100)." + (rest.count == 1 ? "0" + rest : rest)
    }

    static func life(_ opportunity: Opportunity) -> String {
        guard let ended = opportunity.ended else { return "alive" }
        let milliseconds = (ended.monotonic - opportunity.born.monotonic).rawValue / 1_000_000
        return milliseconds < 10_000 ? "\(milliseconds)ms" : "\(milliseconds / 1_000)s"
    }
}
