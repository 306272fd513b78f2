/// The price grid of an instrument cannot be represented or contradicts itself; the instrument is blocked.
public enum GridFault: Error, Hashable, Sendable {
    /// No band, a band that is empty or runs backwards, or a step that is not positive.
    case malformed
    /// A tick too fine for the ladder.
    case scale

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch self {
        case .malformed: "E_REF_GRID"
        case .scale: "E_REF_SCALE"
        }
    }
}

/// The prices at which an instrument accepts orders: bands, each with its own step.
///
/// A price is on the grid when it lies in some band (ends included) a whole number of steps from the band's start, and
/// strictly between zero and one. Read from the venue, never from the name of a price structure.
/// - Source: Kalshi market `price_ranges`; Polymarket `mts` / `tick_size`.
public struct TickGrid: Hashable, Sendable {
    /// A run of equally spaced prices, both ends included.
    public struct Band: Hashable, Sendable {
        /// First price of the band.
        public let start: Price
        /// Last price of the band.
        public let end: Price
        /// Distance between neighbours; positive.
        public let step: Price

        /// A band from `start` to `end` in steps of `step`.
        public init(start: Price, end: Price, step: Price) {
            self.start = start
            self.end = end
            self.step = step
        }
    }

    /// Ascending bands; neighbours may share an end.
    public let bands: [Band]
    /// The coarsest step of which every price of every band, and one, is a multiple.
    public let unit: Price

    /// The finest unit of a ladder, 0.00001: its bitmaps reach 262,144 ticks and no further.
    public static let unitMin: Int64 = 1_000

    /// A grid of `bands`.
    ///
    /// - Throws: `GridFault.malformed` (`E_REF_GRID`), `GridFault.scale` (`E_REF_SCALE`) below 1e-5 per tick.
    public init(bands: [Band]) throws(GridFault) {
        guard !bands.isEmpty, bands.count <= 64 else { throw .malformed }
        var divisor: Int64 = Price.one.rawValue
        var previousEnd = Price.zero
        for band in bands {
            guard band.step.rawValue > 0, band.start < band.end, band.end <= .one, band.start >= previousEnd else {
                throw .malformed
            }
            previousEnd = band.end
            for value in [band.start.rawValue, band.step.rawValue] { divisor = Self.gcd(divisor, value) }
        }
        guard divisor >= Self.unitMin else { throw .scale }
        self.bands = bands
        self.unit = Price(unchecked: divisor)
    }

    /// The grid of equal steps between zero and one.
    ///
    /// - Throws: `GridFault`.
    public init(step: Price) throws(GridFault) {
        try self.init(bands: [Band(start: .zero, end: .one, step: step)])
    }

    /// True when an order may carry this price.
    public func accepts(_ price: Price) -> Bool {
        guard price.isBinary else { return false }
        for band in bands where price >= band.start && price <= band.end {
            if (price.rawValue - band.start.rawValue) % band.step.rawValue == 0 { return true }
        }
        return false
    }

    /// The highest acceptable price that is not above `price`; nil when there is none.
    public func floor(_ price: Price) -> Price? {
        for band in bands.reversed() where band.start <= price {
            let top = min(price, band.end).rawValue
            var units = top - (top - band.start.rawValue) % band.step.rawValue
            if units >= Price.one.rawValue { units -= band.step.rawValue }
            if units > 0, units >= band.start.rawValue { return Price(unchecked: units) }
        }
        return nil
    }

    /// The lowest acceptable price that is not below `price`; nil when there is none.
    public func ceil(_ price: Price) -> Price? {
        for band in bands where band.end >= price {
            let over = max(0, price.rawValue - band.start.rawValue)
            let steps = over / band.step.rawValue + (over % band.step.rawValue == 0 ? 0 : 1)
            var units = band.start.rawValue + steps * band.step.rawValue
            if units == 0 { units = band.step.rawValue }
            if units <= band.end.rawValue, units < Price.one.rawValue { return Price(unchecked: units) }
        }
        return nil
    }

    private static func gcd(_ a: Int64, _ b: Int64) -> Int64 {
        var (x, y) = (a, b)
        while y != 0 { (x, y) = (y, x % y) }
        return x
    }
}
