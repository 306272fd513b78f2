import Assembly
import Codec
import Store
import Trading

/// `arb positions`: what our own fills amount to, and the orders of which nobody knows what became.
enum PositionsCommand {
    static let spec = CommandSpec(
        "positions", "what our own fills amount to; unknown orders first",
        [OptionSpec("--venue", "VENUE", "kalshi or polymarket")])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let only = try context.venue()
        let configuration = try context.configuration()
        let isPaper = context.isPaper(configuration)
        let ledger = try context.ledger(configuration)
        var filter = Ledger.OrderFilter(limit: 1_000_000)
        filter.standing = .open
        filter.venue = only
        let (held, open) = try OrdersCommand.stored { () throws(StoreFault) in
            (try ledger.positions(), try ledger.orders(filter))
        }
        let positions = held.filter { only == nil || $0.venue == only }
        let unknown = open.filter(\.state.isUnknown)
        // A market in which nothing is held yet is shown as long as an order there may fill.
        var rows = positions
        for order in open where !rows.contains(where: { isSame($0, order) }) {
            rows.append(
                VenuePosition(
                    venue: order.venue, symbol: order.symbol, token: order.token, outcome: order.state.order.outcome,
                    quantity: .zero))
        }
        if context.isJSON {
            for position in rows { context.terminal.out(json(position, open, isPaper)) }
            return .done
        }
        if isPaper { context.terminal.out(CommandContext.paperHeadline) }
        context.terminal.out(headline(positions, unknown))
        guard !rows.isEmpty else { return .done }
        context.terminal.out("venue      market                                outcome       held  may become")
        for position in rows { context.terminal.out(line(position, open)) }
        return .done
    }

    /// The first line answers the question of three in the morning; UNKNOWN outranks everything.
    private static func headline(_ positions: [VenuePosition], _ unknown: [StoredOrder]) -> String {
        if !unknown.isEmpty { return "UNKNOWN \(unknown.count) \(unknown.count == 1 ? "leg" : "legs")" }
        return positions.isEmpty ? "FLAT" : "HOLDING \(positions.count)"
    }

    private static func isSame(_ position: VenuePosition, _ order: StoredOrder) -> Bool {
        position.venue == order.venue && position.symbol == order.symbol
            && position.outcome == order.state.order.outcome
    }

    /// From the least to the most that a position can be once its open orders are known: a sale counts against it.
    private static func range(_ position: VenuePosition, _ open: [StoredOrder]) -> (least: Int64, most: Int64) {
        var (least, most) = (position.quantity.rawValue, position.quantity.rawValue)
        for order in open where isSame(position, order) {
            // What filled already is in the position.
            let (rest, over) = order.state.exposureMax.rawValue.subtractingReportingOverflow(
                order.state.exposureMin.rawValue)
            guard !over else { continue }
            if order.state.order.side == .buy {
                most = most.addingReportingOverflow(rest).overflow ? .max : most + rest
            } else {
                least = least.subtractingReportingOverflow(rest).overflow ? .min : least - rest
            }
        }
        return (least, most)
    }

    private static func line(_ position: VenuePosition, _ open: [StoredOrder]) -> String {
        let range = range(position, open)
        let reach =
            range.least == range.most
            ? "" : "\(Quantity(rawValue: range.least)) to \(Quantity(rawValue: range.most))"
        return [
            Terminal.cell(position.venue.name, 10), Terminal.cell(position.symbol, 37),
            Terminal.cell(position.outcome.rawValue, 7), Terminal.right(position.quantity.description, 10) + " ",
            Terminal.cell(reach, 12),
        ].joined(separator: " ").trimmingEnd()
    }

    private static func json(_ position: VenuePosition, _ open: [StoredOrder], _ isPaper: Bool) -> String {
        let range = range(position, open)
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.position/1")
        json.member("model", isPaper)
        json.member("venue", position.venue.name)
        json.member("symbol", position.symbol)
        json.member("token", position.token)
        json.member("outcome", position.outcome.rawValue)
        json.member("quantity", position.quantity.description)
        json.member("quantity_min", Quantity(rawValue: range.least).description)
        json.member("quantity_max", Quantity(rawValue: range.most).description)
        json.member("unknown_orders", open.count { isSame(position, $0) && $0.state.isUnknown })
        json.member("open_orders", open.count { isSame(position, $0) })
        json.endObject()
        return json.string
    }
}
