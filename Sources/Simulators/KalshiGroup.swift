/// A set of orders that the exchange takes off the book when too much of it has filled within 15 seconds.
struct KalshiGroup {
    let id: String
    let account: String
    let shard: Int
    /// Unit: hundredths.
    var limit: Int
    /// True once the limit was reached or the group was triggered: nothing new is taken until it is reset.
    var isTriggered = false
    /// Fills of the last 15 seconds: ns of the world and hundredths.
    var recent: [(at: Int64, count: Int)] = []

    static let window: Int64 = 15_000_000_000

    /// Contracts filled within the window. Unit: hundredths.
    mutating func filled(at now: Int64) -> Int {
        recent.removeAll { $0.at <= now - Self.window }
        return recent.reduce(0) { $0 + $1.count }
    }
}
