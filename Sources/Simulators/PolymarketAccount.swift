/// One wallet of the loopback Polymarket: what it holds, and what it has allowed the exchanges to move.
public struct PolymarketAccount: Sendable {
    /// The wallet, with its checksum.
    public let address: String
    /// The account of the key that signs for it.
    public let owner: String
    /// 0 plain account, 1 proxy, 2 safe, 3 deposit wallet.
    public let kind: Int
    /// pUSD that is settled. Unit: 1e-6.
    public internal(set) var cash = 0
    /// Shares that are settled, by token.
    public internal(set) var tokens: [PolymarketToken: Int] = [:]
    /// pUSD that the chain lets each contract move.
    public var cashAllowed = [Int](repeating: Self.unlimited, count: PolymarketContract.allCases.count)
    /// Whether the chain lets each contract move shares.
    public var sharesAllowed = [Bool](repeating: true, count: PolymarketContract.allCases.count)
    /// What the venue believes of `cashAllowed`: read when asked to.
    public internal(set) var cashAllowedCached: [Int]
    /// As `cashAllowedCached`.
    public internal(set) var sharesAllowedCached: [Bool]
    /// Whether it may only sell what it has.
    public var isClosedOnly = false
    /// Whether it may do nothing.
    public var isBanned = false
    /// Orders that work or are held back.
    var open: Set<Int> = []
    /// Matched, not yet mined: pUSD that will go.
    var leavingCash = 0
    /// Matched, not yet mined: shares that will go.
    var leavingTokens: [PolymarketToken: Int] = [:]

    /// As much as anyone could want.
    static let unlimited = Int.max

    /// A wallet with nothing in it.
    public init(address: String, owner: String, kind: Int) {
        self.address = address
        self.owner = owner
        self.kind = kind
        cashAllowedCached = cashAllowed
        sharesAllowedCached = sharesAllowed
    }

    /// The venue reads the chain again.
    mutating func refreshAllowances() {
        cashAllowedCached = cashAllowed
        sharesAllowedCached = sharesAllowed
    }
}

/// One outcome of one market.
public struct PolymarketToken: Hashable, Sendable {
    /// Index of the market.
    public let market: Int
    /// 0 YES, 1 NO.
    public let outcome: Int

    /// A token.
    public init(_ market: Int, _ outcome: Int) {
        self.market = market
        self.outcome = outcome
    }

    /// The other outcome.
    public var other: PolymarketToken { PolymarketToken(market, 1 - outcome) }
}
