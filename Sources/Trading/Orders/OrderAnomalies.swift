/// What does not fit together in what was told of one order. None of it stops the order from being followed; each wants a person's eye.
public struct OrderAnomalies: OptionSet, Hashable, Sendable {
    /// One bit a kind.
    public let rawValue: UInt16
    /// Kinds by their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// More was filled than asked (by size), or spent than allowed (by budget). Booked all the same.
    public static let overfill = OrderAnomalies(rawValue: 1 << 0)
    /// Refused, or never sent, and yet it worked or filled.
    public static let contradiction = OrderAnomalies(rawValue: 1 << 1)
    /// One fill was told with two sizes or prices; the larger is booked.
    public static let fillDiffers = OrderAnomalies(rawValue: 1 << 2)
    /// A fill was called final and void; it stays final.
    public static let settlementDiffers = OrderAnomalies(rawValue: 1 << 3)
    /// At least one fill is void.
    public static let voided = OrderAnomalies(rawValue: 1 << 4)
    /// More fills than are remembered by name.
    public static let tooManyFills = OrderAnomalies(rawValue: 1 << 5)
    /// Called filled with less than was asked.
    public static let shortFill = OrderAnomalies(rawValue: 1 << 6)
    /// A fill of nothing or less, or sums beyond 64 bits: what can be kept of it is.
    public static let badAmounts = OrderAnomalies(rawValue: 1 << 7)

    /// The words used in output, in order.
    public var words: [String] {
        [
            (OrderAnomalies.overfill, "overfill"), (.contradiction, "contradiction"), (.fillDiffers, "fill_differs"),
            (.settlementDiffers, "settlement_differs"), (.voided, "voided"), (.tooManyFills, "too_many_fills"),
            (.shortFill, "short_fill"), (.badAmounts, "bad_amounts"),
        ].filter { contains($0.0) }.map(\.1)
    }
}
