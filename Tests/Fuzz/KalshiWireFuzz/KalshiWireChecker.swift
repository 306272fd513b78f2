import Codec
import Trading

@testable import Kalshi

/// Any document through every decoder of the venue: what is accepted obeys the units, and reads back from its own text.
final class KalshiWireChecker {
    private let reader = JSONReader()
    private let second = JSONReader()
    private var writer = JSONWriter()

    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let root = try? reader.read(bytes) else { return }
        if let envelope = try? Wire.envelope(root) {
            for number in [envelope.sid, envelope.seq, envelope.id] {
                precondition(number.map { $0 >= 0 } ?? true, "a counter of the venue is not negative")
            }
            if let body = envelope.body { decode(body) }
        }
        decode(root)
        reference(root)
    }

    private func decode(_ body: JSONValue) {
        if let delta = try? Wire.delta(body) { check(delta) }
        if let snapshot = try? Wire.snapshot(body) {
            precondition(snapshot.ticker.count > 0, "a snapshot names its market")
            levels(snapshot.yes)
            levels(snapshot.no)
        }
        if let trade = try? Wire.trade(body) {
            precondition(trade.price.isBinary && trade.quantity.rawValue > 0, "a trade has a price and a size")
        }
        if let subscribed = try? Wire.subscribed(body) { precondition(subscribed.sid >= 0, "a sid counts") }
        if let error = try? Wire.error(body) {
            precondition(error.tickers.count <= 1_001 && error.code >= 0, "a refusal is bounded")
        }
        if let change = try? Wire.marketLifecycle(body), let ranges = change.ranges { grid(ranges) }
        _ = try? Wire.eventFee(body)
        _ = Wire.ticker(body)
        grid(body)
    }

    private func check(_ delta: Wire.Delta) {
        precondition(delta.price.isBinary && delta.ticker.count > 0, "a delta has a price and a market")
        writer.reset()
        writer.beginObject()
        writer.key("market_ticker")
        writer.string(delta.ticker)
        writer.member("side", delta.leg == .yes ? "yes" : "no")
        writer.member("price_dollars", DecimalText.string(delta.price.rawValue))
        writer.member("delta_fp", DecimalText.string(delta.change.rawValue))
        writer.endObject()
        guard let root = try? second.read(writer.bytes), let again = try? Wire.delta(root) else {
            preconditionFailure("canonical text of a delta reads")
        }
        precondition(
            again.price == delta.price && again.change == delta.change && again.leg == delta.leg, "and is the same")
    }

    private func levels(_ levels: Wire.Levels) {
        guard let array = levels.array else { return }
        for element in array.elements {
            guard let level = try? levels.level(element) else { continue }
            precondition(level.price.isBinary && level.quantity.rawValue > 0, "a level has a price and a size")
        }
    }

    private func grid(_ ranges: JSONValue) {
        guard let grid = try? Wire.grid(ranges) else { return }
        let table = BookTable(units: [grid.unit])
        defer { withExtendedLifetime(table) {} }
        let ladder = table[InstrumentID(0)].bids
        for band in grid.bands {
            for price in [band.start, band.end, grid.ceil(band.start), grid.floor(band.end)].compactMap({ $0 })
            where grid.accepts(price) {
                precondition((try? ladder.set(price, Quantity(rawValue: 1))) != nil, "a ladder holds its grid's prices")
                precondition(ladder.quantity(at: price).rawValue == 1, "and gives them back")
                precondition(ladder.highest != nil && ladder.lowest != nil, "and finds them")
            }
        }
    }

    private func reference(_ root: JSONValue) {
        _ = try? Wire.markets(root)
        if let market = try? Wire.market(root) { _ = market }
        _ = try? Wire.event(root)
        _ = try? Wire.series(root)
        _ = try? Wire.seriesFeeChanges(root)
        _ = try? Wire.eventFeeChanges(root)
        _ = try? Wire.status(root)
        _ = try? Wire.schedule(root)
    }
}
