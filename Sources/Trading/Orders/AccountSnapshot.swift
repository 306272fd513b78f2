/// A position as its venue states it.
public struct VenuePosition: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// Ticker, or condition id.
    public let symbol: String
    /// The token held (Polymarket); empty on Kalshi.
    public let token: String
    /// The outcome held; on Kalshi the sign of the one position that a ticker has.
    public let outcome: Outcome
    /// Contracts held, never negative.
    public let quantity: Quantity

    /// A position.
    public init(venue: VenueID, symbol: String, token: String = "", outcome: Outcome, quantity: Quantity) {
        self.venue = venue
        self.symbol = symbol
        self.token = token
        self.outcome = outcome
        self.quantity = quantity
    }
}

/// An order as a venue lists it.
public struct VenueOrder: Hashable, Sendable {
    /// The venue's name.
    public let orderID: OrderID
    /// Our name, where the venue keeps it (Kalshi) and it is one of ours by form.
    public let clOrdID: ClOrdID?
    /// The name that was given to it, as listed; empty where the venue has none.
    public let clientText: String
    /// Ticker, or condition id.
    public let symbol: String
    /// The token traded (Polymarket); empty on Kalshi.
    public let token: String
    /// The outcome traded.
    public let outcome: Outcome
    /// Bought or sold. Kalshi does not tell a sale of YES from a buy of NO: it lists all as buys.
    public let side: Side
    /// Limit of the outcome traded.
    public let price: Price
    /// Contracts asked for; nil where the venue lists a budget.
    public let orderQty: Quantity?
    /// Its own account of it.
    public let summary: OrderSummary
    /// Kalshi's shard.
    public let exchangeIndex: Int?
    /// When it was made; nil where the venue does not say.
    public let createdAt: UTCNanos?

    /// An order.
    public init(
        orderID: OrderID, clOrdID: ClOrdID?, clientText: String = "", symbol: String, token: String = "",
        outcome: Outcome, side: Side, price: Price, orderQty: Quantity?, summary: OrderSummary,
        exchangeIndex: Int? = nil, createdAt: UTCNanos?
    ) {
        self.orderID = orderID
        self.clOrdID = clOrdID
        self.clientText = clientText
        self.symbol = symbol
        self.token = token
        self.outcome = outcome
        self.side = side
        self.price = price
        self.orderQty = orderQty
        self.summary = summary
        self.exchangeIndex = exchangeIndex
        self.createdAt = createdAt
    }
}

/// A fill as a venue lists it.
public struct VenueFill: Hashable, Sendable {
    /// The order it belongs to.
    public let orderID: OrderID
    /// Ticker, or condition id.
    public let symbol: String
    /// The token traded (Polymarket); empty on Kalshi.
    public let token: String
    /// The outcome traded.
    public let outcome: Outcome
    /// Bought or sold; as in `VenueOrder`.
    public let side: Side
    /// The fill.
    public let fill: Fill
    /// When; nil where the venue does not say.
    public let transactTime: UTCNanos?

    /// A fill.
    public init(
        orderID: OrderID, symbol: String, token: String = "", outcome: Outcome, side: Side, fill: Fill,
        transactTime: UTCNanos?
    ) {
        self.orderID = orderID
        self.symbol = symbol
        self.token = token
        self.outcome = outcome
        self.side = side
        self.fill = fill
        self.transactTime = transactTime
    }
}

/// Cash of one purse: a Kalshi shard, or the Polymarket wallet.
public struct VenueBalance: Hashable, Sendable {
    /// The venue.
    public let venue: VenueID
    /// Kalshi's shard; nil where there is one purse.
    public let exchangeIndex: Int?
    /// Cash, before what open orders hold.
    public let cash: Money
    /// The money it is in.
    public let currency: Currency

    /// A balance.
    public init(venue: VenueID, exchangeIndex: Int?, cash: Money, currency: Currency) {
        self.venue = venue
        self.exchangeIndex = exchangeIndex
        self.cash = cash
        self.currency = currency
    }
}

/// What a contract of the chain may take from the wallet (Polymarket).
public struct VenueAllowance: Hashable, Sendable {
    /// The contract that may spend, with checksum.
    public let spender: String
    /// `collateral`, or the token id.
    public let asset: String
    /// True when it covers any order that limits allow.
    public let isEnough: Bool

    /// An allowance.
    public init(spender: String, asset: String, isEnough: Bool) {
        self.spender = spender
        self.asset = asset
        self.isEnough = isEnough
    }
}

/// A market that a venue has paid out, or can be redeemed at.
public struct VenueSettlement: Hashable, Sendable {
    /// Ticker, or condition id.
    public let symbol: String
    /// What was paid, less what settling cost; nil where the venue does not say.
    public let cash: Money?
    /// When; nil where the venue does not say.
    public let settledAt: UTCNanos?

    /// A settlement.
    public init(symbol: String, cash: Money?, settledAt: UTCNanos?) {
        self.symbol = symbol
        self.cash = cash
        self.settledAt = settledAt
    }
}

/// An account as its venue states it by REST, read to the last page.
public struct AccountSnapshot: Sendable {
    /// The venue.
    public var venue: VenueID
    /// Orders that may still work.
    public var openOrders: [VenueOrder] = []
    /// Orders that are done, since the instant asked for.
    public var doneOrders: [VenueOrder] = []
    /// Fills since the instant asked for.
    public var fills: [VenueFill] = []
    /// Positions that are not zero.
    public var positions: [VenuePosition] = []
    /// Cash.
    public var balances: [VenueBalance] = []
    /// Allowances (Polymarket).
    public var allowances: [VenueAllowance] = []
    /// When the first read was sent: what happened after it may be missing.
    public var asOf: UTCNanos
    /// How far back done orders and fills were asked for; nil where nobody said.
    public var since: UTCNanos?

    /// An empty account.
    public init(venue: VenueID, asOf: UTCNanos) {
        self.venue = venue
        self.asOf = asOf
    }
}

/// A read or cold write of an account, complete with what authenticates it.
public struct AccountRequest: Sendable {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    public let method: String
    /// `https://…`, with query.
    public let url: String
    /// Signature and content type.
    public let headers: [(name: String, value: String)]
    /// Body; empty for none.
    public let body: [UInt8]

    /// A request.
    public init(method: String, url: String, headers: [(name: String, value: String)], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// Performs cold requests of an account: libcurl in the program, a script in tests.
public protocol AccountChannel: Sendable {
    /// The answer; status 0 and a fault where there is none. A write without answer has an unknown outcome.
    func perform(_ request: AccountRequest) async -> RestAnswer
}

/// Reads all of an account.
public protocol AccountReader: Sendable {
    /// Which venue.
    var venue: VenueID { get }
    /// Orders, fills, positions, balances and allowances, to the last page.
    ///
    /// - Parameter since: how far back done orders and fills are read.
    /// - Throws: `AccountFault`.
    func snapshot(since: UTCNanos, now: UTCNanos) async throws(AccountFault) -> AccountSnapshot
    /// Markets that are paid out: what explains positions that are gone and cash that came.
    ///
    /// - Throws: `AccountFault`.
    func paidOut(since: UTCNanos) async throws(AccountFault) -> [VenueSettlement]
}

extension AccountReader {
    /// None are known.
    public func paidOut(since: UTCNanos) async throws(AccountFault) -> [VenueSettlement] { [] }
}

/// An account could not be read, wholly or in part: nothing may be concluded from what is missing.
public struct AccountFault: Error, Hashable, Sendable {
    /// Stable: `E_NET_…`, `E_AUTH_…`, `E_WIRE_…`, `E_EXEC_THROTTLED`.
    public let code: String
    /// Which read, and what came instead.
    public let text: String
    /// HTTP status; 0 where there was no answer.
    public let status: Int

    /// A fault.
    public init(code: String, text: String, status: Int = 0) {
        self.code = code
        self.text = text
        self.status = status
    }
}
