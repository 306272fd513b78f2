import Codec
import Signing
import Trading

/// The venue's book hash: SHA-1 over the book's own JSON text, byte for byte as the server prints it.
///
/// - Lane: one per feed; buffers reused, nothing allocated once they are warm.
/// - Source: reproduced on 92 of 92 hashes of a capture of 2026-09-29; key order and number forms as there.
final class BookHash {
    /// What the text says besides the levels.
    struct Frame {
        var market: [UInt8]
        var token: [UInt8]
        /// Milliseconds.
        var timestamp: Int64
        var minimum: [UInt8]
        var tick: [UInt8]
        var negRisk: Bool
        var lastTrade: [UInt8]
    }

    /// A level whose text is not the canonical one, such as `0.920`.
    struct Oddity {
        let isNo: Bool
        let isBid: Bool
        let price: Int64
        let priceText: [UInt8]
        let sizeText: [UInt8]
    }

    private let digest = SHA1()
    private var text: [UInt8] = []

    init() { text.reserveCapacity(1 << 15) }

    /// True when the hash of `book`, seen as the YES or the NO token, is `expected`.
    func matches(_ expected: HashText, _ book: Book, isNo: Bool, _ frame: Frame, _ oddities: [Oddity]) -> Bool {
        serialise(book, isNo: isNo, frame, oddities)
        return withUnsafeTemporaryAllocation(byteCount: 20, alignment: 8) { raw in
            text.withUnsafeBytes { digest.hash($0, into: raw) }
            return expected.isDigest(raw.bytes)
        }
    }

    private func serialise(_ book: Book, isNo: Bool, _ frame: Frame, _ oddities: [Oddity]) {
        text.removeAll(keepingCapacity: true)
        add("{\"market\":\"")
        text += frame.market
        add("\",\"asset_id\":\"")
        text += frame.token
        add("\",\"timestamp\":\"")
        number(frame.timestamp, scale: 0)
        add("\",\"hash\":\"\",\"bids\":[")
        levels(book, isNo: isNo, isBid: true, oddities)
        add("],\"asks\":[")
        levels(book, isNo: isNo, isBid: false, oddities)
        add("],\"min_order_size\":\"")
        text += frame.minimum
        add("\",\"tick_size\":\"")
        text += frame.tick
        add(
            frame.negRisk
                ? "\",\"neg_risk\":true,\"last_trade_price\":\"" : "\",\"neg_risk\":false,\"last_trade_price\":\"")
        text += frame.lastTrade
        add("\"}")
    }

    /// Bids ascending, asks descending. The NO token's bids are the YES asks at one minus their price, so both of its
    /// sides run through the YES ladders the other way round.
    private func levels(_ book: Book, isNo: Bool, isBid: Bool, _ oddities: [Oddity]) {
        let ladder = book[isBid == isNo ? .ask : .bid]
        // Ascending in the token's price: NO prices fall as YES prices rise.
        let ascendsInYes = isBid != isNo
        var level = ascendsInYes ? ladder.lowest : ladder.highest
        var isFirst = true
        while let here = level {
            let price = isNo ? FixedPoint.one - here.price.rawValue : here.price.rawValue
            add(isFirst ? "{\"price\":\"" : ",{\"price\":\"")
            isFirst = false
            if let odd = oddities.first(where: { $0.price == price && $0.isBid == isBid && $0.isNo == isNo }) {
                text += odd.priceText
                add("\",\"size\":\"")
                text += odd.sizeText
            } else {
                number(price)
                add("\",\"size\":\"")
                number(here.quantity.rawValue)
            }
            add("\"}")
            level = ascendsInYes ? ladder.above(here.price) : ladder.below(here.price)
        }
    }

    private func add(_ literal: StaticString) {
        literal.withUTF8Buffer { text.append(contentsOf: $0) }
    }

    /// Trimmed decimal text of 1e-8 units, as the server prints almost everything.
    private func number(_ units: Int64, scale: Int = 8) {
        withUnsafeTemporaryAllocation(byteCount: DecimalText.bytesMax, alignment: 1) { buffer in
            let count = DecimalText.write(units, scale: scale, into: buffer)
            text.append(contentsOf: buffer[..<count])
        }
    }

    /// True when the text is what `number` would print.
    static func isCanonical(_ text: JSONText) -> Bool {
        let bytes = text.bytes
        guard let last = bytes.last, bytes[0] != UInt8(ascii: ".") else { return false }
        guard last == UInt8(ascii: "0") else { return true }
        return !bytes.contains(UInt8(ascii: "."))
    }
}
