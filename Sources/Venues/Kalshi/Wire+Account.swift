import Codec
import Trading

// What an account is told by REST.
extension Wire {
    /// Where an order stands, in the venue's words.
    enum OrderStatus: Sendable, Hashable {
        case resting, canceled, executed
        /// A word that only the stream has: the venue does not know.
        case unknown
    }

    /// An order as lists, single reads and the stream show it. Prices are YES prices whatever was traded.
    struct OrderBody: Hashable {
        var orderID: String
        var clientOrderID: String?
        var ticker: String
        var status: OrderStatus
        /// The outcome that the order gets: YES for bids, NO for asks.
        var outcome: Outcome
        var yesPrice: Price
        var fillCount: Quantity
        var remainingCount: Quantity
        var initialCount: Quantity
        /// What its fills cost, counted in the outcome that it gets: a sale of YES at 0.08 stands as 0.92.
        var fillCost: Money?
        var fees: Money?
        var createdAt: UTCNanos?
        var updatedAt: UTCNanos?
        var exchangeIndex: Int?
        var subaccount: Int?
        var group: String?
        /// Why it last changed (stream only).
        var reason: String?
    }

    /// A fill as lists and the stream show it.
    struct FillBody: Hashable {
        var tradeID: String
        var orderID: String
        /// Stream only.
        var clientOrderID: String?
        var ticker: String
        var outcome: Outcome
        var quantity: Quantity
        var yesPrice: Price
        var isTaker: Bool
        /// Of the whole fill.
        var fee: Money?
        var at: UTCNanos?
        /// Stream only: the position after it, positive YES.
        var postPosition: Quantity?
        var subaccount: Int?
    }

    /// A position: one signed number a market, positive YES.
    struct PositionBody: Hashable {
        var ticker: String
        var exchangeIndex: Int?
        var position: Quantity
        var subaccount: Int?
    }

    /// Cash, and how it lies on the shards.
    struct BalanceBody: Hashable {
        var total: Money
        /// Empty where the venue gives only the total.
        var shards: [Shard]
        var updatedAt: UTCNanos?

        struct Shard: Hashable {
            var exchangeIndex: Int
            var cash: Money
        }
    }

    /// A market that was paid.
    struct SettlementBody: Hashable {
        var ticker: String
        var event: String?
        /// `yes`, `no` or `scalar`.
        var result: String
        var yesCount: Quantity
        var noCount: Quantity
        var yesCost: Money?
        var noCost: Money?
        var revenue: Money
        var fee: Money?
        var at: UTCNanos?
        var exchangeIndex: Int?
    }

    /// A limit of requests: tokens a second, and how many a bucket holds.
    struct LimitBody: Hashable {
        var refill: Int
        var capacity: Int
    }

    /// Tier and limits of an account.
    struct LimitsBody: Hashable {
        var tier: String
        var read: LimitBody
        var write: LimitBody
    }

    /// What one request costs where it is not the default.
    struct CostBody: Hashable {
        var method: String
        var path: String
        var cost: Int
    }

    /// An order group.
    struct GroupBody: Hashable {
        var id: String?
        var limit: Quantity?
        var isAutoCancelOn: Bool
        /// Only where one group was asked for.
        var orders: [String]
        var exchangeIndex: Int?
    }

    static func order(_ root: JSONValue) throws(WireFault) -> OrderBody {
        try single(root)
        guard let value = root["order"] else { throw WireFault(.missing, "order") }
        return try orderBody(value)
    }

    static func orders(_ root: JSONValue) throws(WireFault) -> Page<OrderBody> {
        try page(root, "orders") { row throws(WireFault) in try orderBody(row) }
    }

    static func fills(_ root: JSONValue) throws(WireFault) -> Page<FillBody> {
        try page(root, "fills") { row throws(WireFault) in try fillBody(row) }
    }

    static func positions(_ root: JSONValue) throws(WireFault) -> Page<PositionBody> {
        try page(root, "market_positions") { row throws(WireFault) in
            try single(row)
            return PositionBody(
                ticker: try text(row, "ticker"), exchangeIndex: try optionalIndex(row, "exchange_index"),
                position: try count(row, "position_fp", .negative), subaccount: try optionalIndex(row, "subaccount"))
        }
    }

    static func settlements(_ root: JSONValue) throws(WireFault) -> Page<SettlementBody> {
        try page(root, "settlements") { row throws(WireFault) in
            try single(row)
            return SettlementBody(
                ticker: try text(row, "ticker"), event: try optionalText(row, "event_ticker"),
                result: try text(row, "market_result"), yesCount: try count(row, "yes_count_fp"),
                noCount: try count(row, "no_count_fp"), yesCost: try optionalMoney(row, "yes_total_cost_dollars"),
                noCost: try optionalMoney(row, "no_total_cost_dollars"), revenue: try wholeCents(row, "revenue"),
                fee: try optionalMoney(row, "fee_cost"), at: try time(row, "settled_time"),
                exchangeIndex: try optionalIndex(row, "exchange_index"))
        }
    }

    static func balance(_ root: JSONValue) throws(WireFault) -> BalanceBody {
        try single(root)
        // The old field has whole cents only, cut off: nothing is built on it.
        var body = BalanceBody(total: try money(root, "balance_dollars", .negative), shards: [])
        if let seconds = try optionalInteger(root, "updated_ts") {
            let (milliseconds, over) = seconds.multipliedReportingOverflow(by: 1_000)
            guard !over, let instant = UTCNanos(milliseconds: milliseconds) else {
                throw WireFault(.field, "updated_ts")
            }
            body.updatedAt = instant
        }
        if let list = root["balance_breakdown"], !list.isNull {
            guard list.kind == .array, list.count <= 256 else { throw WireFault(.field, "balance_breakdown") }
            for element in list.elements {
                try single(element)
                guard let index = try optionalIndex(element, "exchange_index") else {
                    throw WireFault(.missing, "exchange_index")
                }
                guard !body.shards.contains(where: { $0.exchangeIndex == index }) else {
                    throw WireFault(.duplicate, "balance_breakdown")
                }
                body.shards.append(
                    BalanceBody.Shard(exchangeIndex: index, cash: try money(element, "balance", .negative)))
            }
        }
        return body
    }

    static func limits(_ root: JSONValue) throws(WireFault) -> LimitsBody {
        try single(root)
        return LimitsBody(
            tier: try text(root, "usage_tier"), read: try limit(root, "read"), write: try limit(root, "write"))
    }

    static func costs(_ root: JSONValue) throws(WireFault) -> (standard: Int, costs: [CostBody]) {
        try single(root)
        guard let standard = try optionalIndex(root, "default_cost") else { throw WireFault(.missing, "default_cost") }
        guard let list = root["endpoint_costs"], list.kind == .array, list.count <= 4_096 else {
            throw WireFault(.missing, "endpoint_costs")
        }
        var costs: [CostBody] = []
        for element in list.elements {
            guard let cost = try optionalIndex(element, "cost") else { throw WireFault(.missing, "cost") }
            costs.append(
                CostBody(method: try text(element, "method"), path: try text(element, "path"), cost: cost))
        }
        return (standard, costs)
    }

    /// How fresh balances, orders, fills and positions are.
    static func userDataTimestamp(_ root: JSONValue) throws(WireFault) -> UTCNanos {
        try single(root)
        guard let instant = try time(root, "as_of_time") else { throw WireFault(.missing, "as_of_time") }
        return instant
    }

    static func groups(_ root: JSONValue) throws(WireFault) -> [GroupBody] {
        try single(root)
        guard let list = root["order_groups"] else { throw WireFault(.missing, "order_groups") }
        guard list.kind == .array || list.isNull else { throw WireFault(.field, "order_groups") }
        var groups: [GroupBody] = []
        for element in list.elements { groups.append(try group(element)) }
        return groups
    }

    static func group(_ value: JSONValue) throws(WireFault) -> GroupBody {
        try single(value)
        var body = GroupBody(
            id: try optionalText(value, "id"), limit: try optionalCount(value, "contracts_limit_fp"),
            isAutoCancelOn: try flag(value, "is_auto_cancel_enabled"), orders: [],
            exchangeIndex: try optionalIndex(value, "exchange_index"))
        if let orders = value["orders"], !orders.isNull {
            guard orders.kind == .array else { throw WireFault(.field, "orders") }
            for element in orders.elements {
                guard let text = element.text else { throw WireFault(.field, "orders") }
                body.orders.append(text.string)
            }
        }
        return body
    }

    static func transferID(_ root: JSONValue) throws(WireFault) -> String {
        try single(root)
        return try text(root, "transfer_id")
    }

    /// Contracts ahead of one order.
    static func queuePosition(_ root: JSONValue) throws(WireFault) -> Quantity {
        try single(root)
        return try count(root, "queue_position_fp")
    }
}

// Rows that the stream has too.
extension Wire {
    static func orderBody(_ value: JSONValue) throws(WireFault) -> OrderBody {
        try single(value)
        return OrderBody(
            orderID: try text(value, "order_id"), clientOrderID: try optionalText(value, "client_order_id"),
            ticker: try text(value, "ticker"), status: try orderStatus(value), outcome: try outcomeSide(value),
            yesPrice: try price(of: value, "yes_price_dollars"), fillCount: try count(value, "fill_count_fp"),
            remainingCount: try count(value, "remaining_count_fp"),
            initialCount: try count(value, "initial_count_fp"),
            fillCost: try sum(value, "taker_fill_cost_dollars", "maker_fill_cost_dollars"),
            fees: try sum(value, "taker_fees_dollars", "maker_fees_dollars"),
            createdAt: try stamp(value, "created_ts_ms", "created_time"),
            updatedAt: try stamp(value, "last_updated_ts_ms", "last_update_time"),
            exchangeIndex: try optionalIndex(value, "exchange_index"),
            subaccount: try optionalIndex(value, "subaccount_number"),
            group: try optionalText(value, "order_group_id"), reason: try optionalText(value, "last_update_reason"))
    }

    static func fillBody(_ value: JSONValue) throws(WireFault) -> FillBody {
        try single(value)
        let quantity = try count(value, "count_fp")
        guard quantity.rawValue > 0 else { throw WireFault(.size, "count_fp") }
        return FillBody(
            tradeID: try either(value, "trade_id", "fill_id"), orderID: try text(value, "order_id"),
            clientOrderID: try optionalText(value, "client_order_id"),
            ticker: try either(value, "market_ticker", "ticker"), outcome: try outcomeSide(value), quantity: quantity,
            yesPrice: try price(of: value, "yes_price_dollars"),
            isTaker: try flag(value, "is_taker"), fee: try optionalMoney(value, "fee_cost", .negative),
            at: try stamp(value, "ts_ms", "created_time"),
            postPosition: try optionalCount(value, "post_position_fp", .negative),
            subaccount: try optionalIndex(value, "subaccount"))
    }

    private static func orderStatus(_ value: JSONValue) throws(WireFault) -> OrderStatus {
        switch try text(value, "status") {
        case "resting": .resting
        case "canceled": .canceled
        case "executed": .executed
        case "unknown": .unknown
        default: throw WireFault(.field, "status")
        }
    }

    /// The outcome that is got: said outright, or by the side of the book.
    private static func outcomeSide(_ value: JSONValue) throws(WireFault) -> Outcome {
        switch try optionalText(value, "outcome_side") {
        case "yes": return .yes
        case "no": return .no
        case .some: throw WireFault(.field, "outcome_side")
        case nil: break
        }
        switch try optionalText(value, "book_side") {
        case "bid": return .yes
        case "ask": return .no
        case .some: throw WireFault(.field, "book_side")
        case nil: throw WireFault(.missing, "outcome_side")
        }
    }

    /// Text that the venue gives under two names.
    private static func either(
        _ value: JSONValue, _ first: StaticString, _ second: StaticString
    ) throws(WireFault) -> String {
        if let found = try optionalText(value, first) { return found }
        return try text(value, second)
    }

    /// An instant in milliseconds where the venue gives it so, otherwise in words.
    private static func stamp(
        _ value: JSONValue, _ first: StaticString, _ second: StaticString
    ) throws(WireFault) -> UTCNanos? {
        if let found = try milliseconds(value, first) { return found }
        return try time(value, second)
    }

    private static func limit(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> LimitBody {
        guard let found = value[key], found.kind == .object else { throw WireFault(.missing, key) }
        guard let refill = try optionalIndex(found, "refill_rate") else { throw WireFault(.missing, "refill_rate") }
        guard let capacity = try optionalIndex(found, "bucket_capacity") else {
            throw WireFault(.missing, "bucket_capacity")
        }
        return LimitBody(refill: refill, capacity: capacity)
    }

    /// Two parts of one amount; nil when either is not there.
    private static func sum(
        _ value: JSONValue, _ first: StaticString, _ second: StaticString
    ) throws(WireFault) -> Money? {
        guard let one = try optionalMoney(value, first), let other = try optionalMoney(value, second) else {
            return nil
        }
        do throws(AmountError) { return try one.adding(other) } catch { throw WireFault(.decimal(.overflow), first) }
    }

    private static func wholeCents(_ value: JSONValue, _ key: StaticString) throws(WireFault) -> Money {
        guard let cents = try optionalInteger(value, key) else { throw WireFault(.missing, key) }
        let (units, over) = cents.multipliedReportingOverflow(by: Money.cent.rawValue)
        if over { throw WireFault(.decimal(.overflow), key) }
        return Money(rawValue: units)
    }

    private static func page<Row>(
        _ root: JSONValue, _ key: StaticString, _ read: (JSONValue) throws(WireFault) -> Row
    ) throws(WireFault) -> Page<Row> {
        try single(root)
        guard let list = root[key] else { throw WireFault(.missing, key) }
        guard list.kind == .array || list.isNull else { throw WireFault(.field, key) }
        var rows: [Row] = []
        for element in list.elements { rows.append(try read(element)) }
        return Page(rows: rows, cursor: try optionalText(root, "cursor"))
    }
}
