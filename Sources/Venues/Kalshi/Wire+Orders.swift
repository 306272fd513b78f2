import Trading

// What is written about orders. Prices and counts are exact decimal strings made of integers; every write names the
// exchange shard of its market.
extension Wire {
    /// A side of the one book that a market has: of its YES leg.
    enum BookSide: Sendable, Hashable {
        /// Buys YES, or sells NO.
        case bid
        /// Sells YES, or buys NO.
        case ask
    }

    /// An order in the venue's words: the YES leg alone. Buying NO at q is an ask at 1 - q, selling NO at q a bid there.
    struct YesLeg: Sendable, Hashable {
        let side: BookSide
        let price: Price

        /// - Returns: nil for a price above one.
        init?(_ outcome: Outcome, _ side: Trading.Side, _ price: Price) {
            guard let complement = price.complement else { return nil }
            self.side = (outcome == .yes) == (side == .buy) ? .bid : .ask
            self.price = outcome == .yes ? price : complement
        }
    }

    /// All of a create body that is the same from one order of a market to the next.
    ///
    /// - Source: create order (V2), October 2026; sheet section 3.3.
    struct OrderTemplate: Sendable {
        let ticker: String
        let exchangeIndex: Int
        private let head: [UInt8]

        /// - Parameters:
        ///   - subaccount: 0 is the primary one and is not written.
        ///   - group: the order group that the orders join; nil for none.
        /// - Returns: nil for a ticker or group that would not stand in a JSON string and in a URL as it is.
        init?(ticker: String, exchangeIndex: Int, subaccount: Int = 0, group: String? = nil) {
            guard isPlain(ticker), exchangeIndex >= 0, subaccount >= 0, group.map(isPlain) ?? true else { return nil }
            self.ticker = ticker
            self.exchangeIndex = exchangeIndex
            var head: [UInt8] = []
            head.append(literal: "{\"ticker\":\"")
            head.append(contentsOf: ticker.utf8)
            head.append(literal: "\",\"exchange_index\":")
            head.append(decimal: exchangeIndex)
            if subaccount > 0 {
                head.append(literal: ",\"subaccount\":")
                head.append(decimal: subaccount)
            }
            if let group {
                head.append(literal: ",\"order_group_id\":\"")
                head.append(contentsOf: group.utf8)
                head.append(literal: "\"")
            }
            head.append(literal: ",\"self_trade_prevention_type\":\"taker_at_cross\",\"client_order_id\":\"")
            self.head = head
        }

        /// Appends the create body of an order. What the order may be was checked before.
        func append(_ order: NewOrder, _ leg: YesLeg, to body: inout [UInt8]) {
            body.append(contentsOf: head)
            order.clOrdID.forEachLetter { body.append($0) }
            switch leg.side {
            case .bid: body.append(literal: "\",\"side\":\"bid\",\"count\":\"")
            case .ask: body.append(literal: "\",\"side\":\"ask\",\"count\":\"")
            }
            body.append(count: order.orderQty)
            body.append(literal: "\",\"price\":\"")
            body.append(dollars: leg.price)
            switch order.timeInForce {
            case .ioc: body.append(literal: "\",\"time_in_force\":\"immediate_or_cancel\"")
            case .fok: body.append(literal: "\",\"time_in_force\":\"fill_or_kill\"")
            case .gtc: body.append(literal: "\",\"time_in_force\":\"good_till_canceled\"")
            case .gtd(let expiry):
                body.append(literal: "\",\"time_in_force\":\"good_till_canceled\",\"expiration_time\":")
                body.append(decimal: expiry.wholeSeconds)
            }
            if order.isPostOnly { body.append(literal: ",\"post_only\":true") }
            if order.isReduceOnly { body.append(literal: ",\"reduce_only\":true") }
            // What rests while the venue pauses can only be hit by news.
            if !order.timeInForce.isImmediate { body.append(literal: ",\"cancel_order_on_pause\":true") }
            body.append(UInt8(ascii: "}"))
        }
    }

    /// What becomes of the time at which a resting order ends.
    enum Expiration: Sendable, Hashable {
        case keep, clear
        case at(UTCNanos)
    }

    /// The body of an amendment.
    ///
    /// - Parameter total: contracts filled so far plus contracts that shall rest.
    static func amend(
        _ template: OrderTemplate, _ leg: YesLeg, total: Quantity, renamed: ClOrdID?, expiration: Expiration
    ) -> [UInt8] {
        var body: [UInt8] = []
        body.append(literal: "{\"ticker\":\"")
        body.append(contentsOf: template.ticker.utf8)
        body.append(literal: "\",\"exchange_index\":")
        body.append(decimal: template.exchangeIndex)
        body.append(literal: leg.side == .bid ? ",\"side\":\"bid\",\"price\":\"" : ",\"side\":\"ask\",\"price\":\"")
        body.append(dollars: leg.price)
        body.append(literal: "\",\"count\":\"")
        body.append(count: total)
        body.append(UInt8(ascii: "\""))
        if let renamed {
            body.append(literal: ",\"updated_client_order_id\":\"")
            renamed.forEachLetter { body.append($0) }
            body.append(UInt8(ascii: "\""))
        }
        switch expiration {
        case .keep: break
        case .clear: body.append(literal: ",\"expiration_time\":0")
        case .at(let instant):
            body.append(literal: ",\"expiration_time\":")
            body.append(decimal: instant.wholeSeconds)
        }
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// How an order is made smaller.
    enum Decrease: Sendable, Hashable {
        case by(Quantity)
        case to(Quantity)
    }

    /// The body of a decrease.
    static func decrease(_ template: OrderTemplate, _ change: Decrease) -> [UInt8] {
        var body: [UInt8] = []
        switch change {
        case .by(let quantity):
            body.append(literal: "{\"reduce_by\":\"")
            body.append(count: quantity)
        case .to(let quantity):
            body.append(literal: "{\"reduce_to\":\"")
            body.append(count: quantity)
        }
        body.append(literal: "\",\"market_ticker\":\"")
        body.append(contentsOf: template.ticker.utf8)
        body.append(literal: "\",\"exchange_index\":")
        body.append(decimal: template.exchangeIndex)
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// The body of a batch of creates: the same bodies, in order.
    static func batch(_ orders: [(NewOrder, YesLeg, OrderTemplate)]) -> [UInt8] {
        var body: [UInt8] = []
        body.append(literal: "{\"orders\":[")
        for (index, (order, leg, template)) in orders.enumerated() {
            if index > 0 { body.append(UInt8(ascii: ",")) }
            template.append(order, leg, to: &body)
        }
        body.append(literal: "]}")
        return body
    }

    /// The body of a batch of cancels.
    static func batchCancel(_ orders: [(OrderID, OrderTemplate)], subaccount: Int = 0) -> [UInt8] {
        var body: [UInt8] = []
        body.append(literal: "{\"orders\":[")
        for (index, (orderID, template)) in orders.enumerated() {
            body.append(literal: index > 0 ? ",{\"order_id\":\"" : "{\"order_id\":\"")
            body.append(contentsOf: orderID.text.utf8)
            body.append(literal: "\",\"market_ticker\":\"")
            body.append(contentsOf: template.ticker.utf8)
            body.append(literal: "\",\"exchange_index\":")
            body.append(decimal: template.exchangeIndex)
            if subaccount > 0 {
                body.append(literal: ",\"subaccount\":")
                body.append(decimal: subaccount)
            }
            body.append(UInt8(ascii: "}"))
        }
        body.append(literal: "]}")
        return body
    }

    /// The body that makes an order group, or changes the limit of one.
    ///
    /// - Parameter exchangeIndex: nil where the query has it.
    static func group(limit: Quantity, exchangeIndex: Int?, subaccount: Int = 0) -> [UInt8] {
        var body: [UInt8] = []
        body.append(literal: "{\"contracts_limit_fp\":\"")
        body.append(count: limit)
        body.append(UInt8(ascii: "\""))
        if let exchangeIndex {
            body.append(literal: ",\"exchange_index\":")
            body.append(decimal: exchangeIndex)
            if subaccount > 0 {
                body.append(literal: ",\"subaccount\":")
                body.append(decimal: subaccount)
            }
        }
        body.append(UInt8(ascii: "}"))
        return body
    }

    /// The body of writes that have nothing to say.
    static let emptyBody = Array("{}".utf8)

    /// Letters, digits and `-._~`: stands in a path, a query and a JSON string as it is.
    static func isPlain(_ text: String) -> Bool {
        guard (1...128).contains(text.utf8.count) else { return false }
        return text.utf8.allSatisfy { letter in
            switch letter {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                true
            default: false
            }
        }
    }
}

extension UTCNanos {
    /// Whole seconds since the epoch, rounded down: an order ends no later than it was meant to.
    var wholeSeconds: Int64 { rawValue / 1_000_000_000 }
}

extension Price {
    /// True when four decimals say it exactly, which is all that the venue takes.
    var hasFourDecimals: Bool { rawValue % 10_000 == 0 }
}

extension Quantity {
    /// True when two decimals say it exactly, which is all that the venue takes.
    var hasTwoDecimals: Bool { rawValue % 1_000_000 == 0 }
}

extension [UInt8] {
    /// Appends the text's bytes, without making a string of it.
    mutating func append(literal text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }

    /// Appends the digits of a number that is not negative.
    mutating func append(decimal number: some FixedWidthInteger) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var (rest, start) = (UInt64(number), 20)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        for index in start..<20 { append(digits[index]) }
    }

    /// Appends a price of a binary contract with its four decimals, `0.4400`.
    mutating func append(dollars price: Price) {
        precondition(price.hasFourDecimals && price < .one, "a price that the grid accepts has four decimals")
        append(UInt8(ascii: "0"))
        append(UInt8(ascii: "."))
        fraction(UInt64(price.rawValue / 10_000), digits: 4)
    }

    /// Appends a number of contracts with its two decimals, `10.00`.
    mutating func append(count quantity: Quantity) {
        precondition(quantity.hasTwoDecimals && quantity.rawValue >= 0, "a multiple of the lot has two decimals")
        append(decimal: quantity.rawValue / FixedPoint.one)
        append(UInt8(ascii: "."))
        fraction(UInt64(quantity.rawValue % FixedPoint.one / 1_000_000), digits: 2)
    }

    private mutating func fraction(_ units: UInt64, digits: Int) {
        var power: UInt64 = digits == 4 ? 1_000 : 10
        var rest = units
        for _ in 0..<digits {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / power))
            rest %= power
            power = power / 10 == 0 ? 1 : power / 10
        }
    }
}
