import Codec
import Trading

@testable import Polymarket

/// Any document through every decoder of the venue: what is accepted obeys the units, and reads back from its own text.
final class PolymarketWireChecker {
    private let reader = JSONReader()
    private let second = JSONReader()
    private var writer = JSONWriter()

    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let root = try? reader.read(bytes) else { return }
        decode(root)
        for element in root.elements { decode(element) }
        if let market = try? Wire.clobMarket(root) {
            precondition(market.delaySeconds >= 0, "a delay is not negative")
        }
        if let markets = try? Wire.gammaMarkets(root, inner: second) {
            precondition(markets.count <= bytes.count, "markets are as many as were sent")
        }
    }

    private func decode(_ value: JSONValue) {
        if let change = try? Wire.change(value) { check(change) }
        if let level = try? Wire.level(value) {
            precondition(level.price.isBinary && level.quantity.rawValue > 0, "a level has a price and a size")
        }
        guard let message = try? Wire.message(value) else { return }
        if let timestamp = try? Wire.instant(message.timestamp) {
            precondition(UTCNanos(milliseconds: timestamp) != nil, "an instant fits")
        }
        if let changes = message.changes {
            for element in changes.elements { if let change = try? Wire.change(element) { check(change) } }
        }
        for side in [message.bids, message.asks].compactMap({ $0 }) {
            for element in side.elements {
                guard let level = try? Wire.level(element) else { continue }
                precondition(level.price.isBinary && level.quantity.rawValue > 0, "a level has a price and a size")
            }
        }
        if let tick = message.tick { grid(tick) }
    }

    private func check(_ change: Wire.Change) {
        let level = change.level
        precondition(level.price.isBinary && level.quantity.rawValue >= 0, "a change has a price and a size")
        // The book hash prints canonical text from the units: what is called canonical must be what would be printed.
        for (text, units) in [(level.priceText, level.price.rawValue), (level.sizeText, level.quantity.rawValue)]
        where BookHash.isCanonical(text) {
            precondition(DecimalText.string(units) == text.string, "canonical text is what we print")
        }
        writer.reset()
        writer.beginObject()
        writer.member("price", DecimalText.string(level.price.rawValue))
        writer.member("size", DecimalText.string(level.quantity.rawValue))
        writer.member("side", change.isBuy ? "BUY" : "SELL")
        writer.endObject()
        guard let root = try? second.read(writer.bytes), let again = try? Wire.change(root) else {
            preconditionFailure("canonical text of a change reads")
        }
        precondition(again.level.price == level.price && again.level.quantity == level.quantity, "and is the same")
        precondition(again.isBuy == change.isBuy, "on the same side")
    }

    private func grid(_ text: JSONText) {
        guard let units = try? Wire.decimal(text, "tick"), let step = Price(rawValue: units),
            let grid = try? TickGrid(step: step)
        else { return }
        let ladder = BookTable(units: [grid.unit])
        defer { withExtendedLifetime(ladder) {} }
        for price in [grid.ceil(.zero), grid.floor(.one)].compactMap({ $0 }) where grid.accepts(price) {
            let bids = ladder[InstrumentID(0)].bids
            precondition((try? bids.set(price, Quantity(rawValue: 1))) != nil, "a ladder holds its grid's prices")
            precondition(bids.highest?.price == price, "and finds them")
        }
    }
}
