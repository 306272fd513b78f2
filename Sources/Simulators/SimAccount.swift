/// Money and positions of one account at a loopback venue, in whole numbers.
///
/// Money is in millionths of a dollar and lies in shards (Polymarket: shard 0 only). A reserve is money that resting orders
/// have laid claim to; it is part of the cash.
public struct SimAccount: Sendable {
    /// Cash by shard, reserves included. Unit: 1e-6 dollars.
    public private(set) var cash: [Int: Int]
    /// What resting orders have laid claim to, by shard. Unit: 1e-6 dollars.
    public private(set) var reserved: [Int: Int] = [:]
    /// Positions by instrument: Kalshi's ticker (YES positive, NO negative), Polymarket's token. Unit: the venue's own lot.
    public private(set) var positions: [String: Int] = [:]
    /// What was paid in fees. Unit: 1e-6 dollars.
    public private(set) var fees = 0

    /// An account with cash and nothing else.
    public init(cash: [Int: Int]) { self.cash = cash }

    /// What may still be spent in a shard.
    public func available(_ shard: Int = 0) -> Int { (cash[shard] ?? 0) - (reserved[shard] ?? 0) }

    /// All cash of all shards.
    public var total: Int { cash.values.reduce(0, +) }

    /// Puts money in or takes it out.
    public mutating func add(_ amount: Int, shard: Int = 0) { cash[shard, default: 0] += amount }

    /// Lays claim to money, or gives some back.
    public mutating func reserve(_ amount: Int, shard: Int = 0) {
        reserved[shard, default: 0] += amount
        precondition((reserved[shard] ?? 0) >= 0, "more was given back than was reserved")
    }

    /// Pays a fee.
    public mutating func pay(fee: Int, shard: Int = 0) {
        cash[shard, default: 0] -= fee
        fees += fee
    }

    /// The position in an instrument.
    public subscript(_ instrument: String) -> Int {
        get { positions[instrument] ?? 0 }
        set { positions[instrument] = newValue == 0 ? nil : newValue }
    }
}
