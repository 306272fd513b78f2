public import Trading

/// How the trading half of the loopback Kalshi is: keys, cash, rates, delays and fees.
public struct KalshiTradingSettings: Sendable {
    /// A key that may sign.
    public struct Key: Sendable {
        /// Its id.
        public var id: String
        /// The public half.
        public var publicPEM: String
        /// What it may do: `read`, `write`, `write::trade`, `write::transfer`.
        public var scopes: Set<String>
        /// Whose it is.
        public var account: String

        /// A key that may read and write.
        public init(
            id: String, publicPEM: String, scopes: Set<String> = ["read", "write"], account: String = "ours"
        ) {
            self.id = id
            self.publicPEM = publicPEM
            self.scopes = scopes
            self.account = account
        }
    }

    /// Tokens a second and what a bucket holds.
    public struct Limits: Sendable {
        /// The tier's name.
        public var tier = "advanced"
        /// Tokens a second.
        public var read = 300, write = 300
        /// Tokens at most.
        public var readCapacity = 900, writeCapacity = 900

        /// The second tier.
        public init() {}
    }

    /// Keys.
    public var keys: [Key] = []
    /// Cash by account and shard. Unit: 1e-6 dollars.
    public var cash: [String: [Int: Int]] = ["ours": [0: 10_000_000_000]]
    /// Rates.
    public var limits = Limits()
    /// Stamps farther off than this are refused: from 10,000 to below 30,000 ms, which the venue leaves open.
    public var skewMaxMilliseconds: Int64 = 15_000
    /// Reads may be this far behind writes.
    public var readLagMax = Nanoseconds.zero
    /// Answers and events come with up to this delay, each drawn for itself: either may be first.
    public var jitterMax = Nanoseconds.milliseconds(2)
    /// The series' fee multiplier, in thousandths.
    public var feeMultiplier = 1_000
    /// Whether makers pay fees.
    public var chargesMakers = false
    /// Grain of balances in 1e-6 dollars: 100 for a direct member.
    public var grain = 100
    /// Seed of ids.
    public var seed: UInt64 = 1

    /// The defaults.
    public init() {}
}
