/// One market's true book, in YES terms: plain dictionaries of thousandths of a dollar to hundredths of a contract.
///
/// Knows nothing of the books that it will be compared with.
public struct SimBook {
    /// Size bid at a price.
    public var bids: [Int: Int] = [:]
    /// Size asked at a price.
    public var asks: [Int: Int] = [:]

    /// Best bid.
    public var bestBid: Int? { bids.keys.max() }
    /// Best ask.
    public var bestAsk: Int? { asks.keys.min() }

    /// The size on one side at a price.
    subscript(isBid: Bool, _ price: Int) -> Int {
        get { (isBid ? bids[price] : asks[price]) ?? 0 }
        set {
            if isBid {
                bids[price] = newValue > 0 ? newValue : nil
            } else {
                asks[price] = newValue > 0 ? newValue : nil
            }
        }
    }

    /// The same market seen as its other outcome.
    var mirrored: SimBook {
        var book = SimBook()
        for (price, size) in bids { book.asks[1_000 - price] = size }
        for (price, size) in asks { book.bids[1_000 - price] = size }
        return book
    }
}

/// Numbers as the venues print them.
enum SimText {
    /// Thousandths as trimmed decimal text: `0.45`.
    static func trimmed(_ mills: Int) -> String {
        let text = String(1_000 + mills % 1_000).dropFirst()
        var cut = String(text)
        while cut.hasSuffix("0") { cut.removeLast() }
        return cut.isEmpty ? String(mills / 1_000) : "\(mills / 1_000).\(cut)"
    }

    /// Hundredths as trimmed decimal text: `13.5`.
    static func trimmedSize(_ hundredths: Int) -> String { trimmed(hundredths % 100 * 10 + hundredths / 100 * 1_000) }

    /// Thousandths with four decimals: `0.4500`.
    static func four(_ mills: Int) -> String { "\(mills / 1_000)." + String(10_000 + mills % 1_000 * 10).dropFirst() }

    /// Hundredths with two decimals, signed: `-3.00`.
    static func two(_ hundredths: Int) -> String {
        let magnitude = abs(hundredths)
        return (hundredths < 0 ? "-" : "") + "\(magnitude / 100)." + String(100 + magnitude % 100).dropFirst()
    }
}
