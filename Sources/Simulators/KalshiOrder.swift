/// An order at the simulated Kalshi, whatever became of it.
final class KalshiOrder {
    /// How long it lives.
    enum Lifetime: String {
        case fillOrKill = "fill_or_kill"
        case immediate = "immediate_or_cancel"
        case goodTillCanceled = "good_till_canceled"
    }

    /// What happens when it meets an order of the same account.
    enum SelfTrade: String {
        case takerAtCross = "taker_at_cross"
        case maker
    }

    /// Where it stands.
    enum Status: String {
        case resting
        case canceled
        case executed
    }

    /// What a request asks for.
    struct Terms {
        var ticker = ""
        var market = 0
        var shard = 0
        var clientID = ""
        var isBid = true
        /// Unit: thousandths of a dollar.
        var mills = 0
        /// Unit: hundredths of a contract.
        var count = 0
        var lifetime = Lifetime.goodTillCanceled
        var selfTrade = SelfTrade.takerAtCross
        /// Unix seconds.
        var expiration: Int?
        var isPostOnly = false
        var isReduceOnly = false
        var cancelsOnPause = false
        var group: String?
    }

    let id: String
    let account: String
    var terms: Terms
    var status = Status.resting
    /// What was asked for in the end: fills and what rested. Unit: hundredths.
    var initial: Int
    var filled = 0
    var remaining: Int
    /// The crowd's contracts ahead of it at its price.
    var ahead = 0
    /// Place in time among all orders.
    var sequence: Int
    /// What it has laid claim to. Unit: 1e-6 dollars.
    var reserved = 0
    var accumulator = 0
    var takerCost = 0
    var makerCost = 0
    var takerFees = 0
    var makerFees = 0
    let created: Int64
    var updated: Int64
    var reason = ""

    /// An order as it comes in. Times in ns since 1970.
    init(id: String, account: String, _ terms: Terms, sequence: Int, at now: Int64) {
        self.id = id
        self.account = account
        self.terms = terms
        self.sequence = sequence
        initial = terms.count
        remaining = terms.count
        created = now
        updated = now
    }

    /// True while it may fill.
    var isLive: Bool { status == .resting }
}

/// One match, from one account's side.
struct KalshiFill {
    let tradeID: String
    let orderID: String
    let clientID: String
    let account: String
    let ticker: String
    let shard: Int
    let isBid: Bool
    /// Unit: thousandths.
    let mills: Int
    /// Unit: hundredths.
    let count: Int
    let isTaker: Bool
    /// Unit: 1e-6 dollars.
    let fee: Int
    /// Position of the account afterwards. Unit: hundredths, signed.
    let position: Int
    /// Place among all fills.
    let sequence: Int
    /// ns since 1970.
    let at: Int64
}

/// What an account has done in one market: for positions and settlements.
struct KalshiTally {
    /// Dollars traded, of fees, and earned. Unit: 1e-6.
    var traded = 0
    var fees = 0
    var realized = 0
    /// What the position cost. Unit: 1e-6 dollars.
    var cost = 0
    /// Contracts traded. Unit: hundredths.
    var volume = 0
    /// ns since 1970.
    var updated: Int64 = 0
}

/// A payout.
struct KalshiSettlement {
    let ticker: String
    let event: String
    let shard: Int
    /// What YES paid, in thousandths.
    let mills: Int
    /// Hundredths, signed.
    let position: Int
    /// Unit: 1e-6 dollars.
    let cost: Int
    let revenue: Int
    let fee: Int
    /// ns since 1970.
    let at: Int64
}
