/// Our own name of an order: Kalshi's `client_order_id`, and the key of every intent. FIX tag 11.
///
/// 128 bits, printed as a UUID of version 8. The first 32 bits are the account's own, so that our orders are found again
/// in a venue's list by their first eight letters.
@frozen
public struct ClOrdID: Hashable, Sendable {
    /// The upper and the lower half.
    public let high: UInt64, low: UInt64

    /// An id as read back from text or disk.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new id.
    ///
    /// - Parameters:
    ///   - prefix: of the account.
    ///   - run: of this run of the program; 28 bits are kept.
    ///   - sequence: of the order within the run; 62 bits are kept.
    @inlinable
    public init(prefix: UInt32, run: UInt32, sequence: UInt64) {
        let run = UInt64(run)
        high = UInt64(prefix) << 32 | (run >> 12 & 0xFFFF) << 16 | 0x8000 | run & 0x0FFF
        low = 0x8000_0000_0000_0000 | sequence & 0x3FFF_FFFF_FFFF_FFFF
    }

    /// The id of a UUID's 36 letters, in either case; nil for any other text.
    public init?(_ text: some StringProtocol) {
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, letter) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard letter == UInt8(ascii: "-") else { return nil }
                continue
            }
            let nibble: UInt8
            switch letter {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = letter - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = letter - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = letter - UInt8(ascii: "A") + 10
            default: return nil
            }
            guard digits < 32 else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | UInt64(nibble)
            } else {
                halves.1 = halves.1 << 4 | UInt64(nibble)
            }
            digits += 1
        }
        guard digits == 32, text.utf8.count == 36 else { return nil }
        (high, low) = halves
    }

    /// A name that no order ever has: of one that is prepared for practice, and given back.
    ///
    /// - Parameter place: which of the orders that are prepared together; 8 bits are kept.
    public init(rehearsing place: Int, prefix: UInt32, run: UInt32) {
        self.init(prefix: prefix, run: run, sequence: Self.rehearsals | UInt64(truncatingIfNeeded: place) & 0xFF)
    }

    /// True for a name that no order ever has: gateways send nothing under it, and sign it with a key of nobody.
    @inlinable public var isRehearsal: Bool { low & 0x3FFF_FFFF_FFFF_FF00 == Self.rehearsals }

    /// Names of orders count up from one, and never come here.
    @usableFromInline static let rehearsals: UInt64 = 1 << 61

    /// The account's 32 bits.
    @inlinable public var prefix: UInt32 { UInt32(high >> 32) }

    /// Calls `body` with each of the 36 letters.
    @inlinable
    public func forEachLetter(_ body: (UInt8) -> Void) {
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { body(UInt8(ascii: "-")) }
            let half = index < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index & 15)) & 15)
            body(nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") - 10 + nibble)
        }
    }
}

extension ClOrdID: CustomStringConvertible {
    /// `xxxxxxxx-xxxx-8xxx-xxxx-xxxxxxxxxxxx`, lower case.
    public var description: String {
        var letters: [UInt8] = []
        letters.reserveCapacity(36)
        forEachLetter { letters.append($0) }
        return String(decoding: letters, as: UTF8.self)
    }
}

/// Whether an outcome is bought or sold. FIX tag 54.
@frozen
public enum Side: String, Sendable, Hashable, CaseIterable {
    /// Gives money, gets contracts.
    case buy
    /// Gives contracts that are held, gets money.
    case sell
}

/// How long an order lives. FIX tag 59.
@frozen
public enum TimeInForce: Hashable, Sendable {
    /// Fills at once as far as it can; the rest dies (Polymarket: FAK).
    case ioc
    /// Fills at once and whole, or dies.
    case fok
    /// Rests until cancelled.
    case gtc
    /// Rests until this instant.
    case gtd(UTCNanos)

    /// True for orders that never rest.
    @inlinable public var isImmediate: Bool { self == .ioc || self == .fok }
}

/// Why an order is sent: what it may draw on.
@frozen
public enum OrderPurpose: String, Sendable, Hashable, CaseIterable {
    /// Opens exposure: never touches the reserve of tokens and connections.
    case entry
    /// Lessens exposure: may use what is kept for it.
    case close
    /// Proves that another order can no longer enter (Kalshi's tombstone).
    case tombstone
}

/// An order as we want it, in words of the outcome that is traded. Gateways translate (Kalshi: NO at q = YES ask at 1 - q).
@frozen
public struct NewOrder: Hashable, Sendable {
    /// Our name of it; never used twice.
    public var clOrdID: ClOrdID
    /// The market.
    public var instrument: InstrumentID
    /// The outcome bought or sold.
    public var outcome: Outcome
    /// Bought or sold.
    public var side: Side
    /// Contracts of the outcome; a multiple of the instrument's lot. Under a budget: what the budget buys at `price`.
    public var orderQty: Quantity
    /// Worst price, of the outcome; on the grid.
    public var price: Price
    /// Money to spend instead of contracts to get (FIX tag 152): Polymarket IOC and FOK buys, in whole cents. Nil: by size.
    public var cashOrderQty: Money?
    /// How long it lives.
    public var timeInForce: TimeInForce
    /// Refuses to take; resting orders only.
    public var isPostOnly: Bool
    /// Never opens or turns a position (Kalshi; IOC only).
    public var isReduceOnly: Bool
    /// Why it is sent.
    public var purpose: OrderPurpose

    /// An order.
    public init(
        clOrdID: ClOrdID, instrument: InstrumentID, outcome: Outcome, side: Side, orderQty: Quantity, price: Price,
        cashOrderQty: Money? = nil, timeInForce: TimeInForce = .ioc, isPostOnly: Bool = false,
        isReduceOnly: Bool = false,
        purpose: OrderPurpose = .entry
    ) {
        self.clOrdID = clOrdID
        self.instrument = instrument
        self.outcome = outcome
        self.side = side
        self.orderQty = orderQty
        self.price = price
        self.cashOrderQty = cashOrderQty
        self.timeInForce = timeInForce
        self.isPostOnly = isPostOnly
        self.isReduceOnly = isReduceOnly
        self.purpose = purpose
    }
}
