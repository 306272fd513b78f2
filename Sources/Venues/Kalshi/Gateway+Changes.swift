import Signing
import Synchronization
public import Trading
import Transport

// Everything but creates: signed in line, sent at once, each with its market's shard.
extension Gateway {
    /// Cancels one order. It never says that the order did not fill.
    public func cancel(_ order: OrderRef, deadline: MonotonicNanos) async -> CancelReport {
        let target: Target
        switch self.target(order) {
        case .success(let found): target = found
        case .failure(let refusal): return .notSent(refusal)
        }
        let write = Write(
            method: .delete, path: target.path, query: target.query, body: nil, cost: tools.settings.costCancel,
            bucket: target.template.exchangeIndex, purpose: .close)
        return await send(write, deadline, [order.orderID]) { OutcomePolicy.cancel($0, of: order.orderID) }
    }

    /// Cancels every order of the subaccount on all shards, ours or not. Not held back by missing tokens: the worst that
    /// comes of it is a refusal. Orders placed within the next minute may be cancelled too.
    public func cancelAll(deadline: MonotonicNanos) async -> CancelReport {
        var write = Write(
            method: .delete, path: Wire.RequestWriter.orders, query: "subaccount=\(tools.settings.subaccount)",
            body: nil, cost: tools.settings.costCancel, bucket: 0, purpose: .close)
        write.isHeldByTokens = false
        return await send(write, deadline, [nil]) { OutcomePolicy.cancelAll($0) }
    }

    /// Cancels several orders in one request: a report each, in their order.
    public func cancelBatch(_ orders: [OrderRef], deadline: MonotonicNanos) async -> [CancelReport] {
        var reports: [CancelReport?] = Array(repeating: nil, count: orders.count)
        var rows: [(OrderID, Wire.OrderTemplate)] = []
        for (index, order) in orders.enumerated() {
            switch target(order) {
            case .success(let found): rows.append((order.orderID, found.template))
            case .failure(let refusal): reports[index] = .notSent(refusal)
            }
        }
        guard !rows.isEmpty else { return reports.compactMap { $0 } }
        let sent = rows.map(\.0)
        let write = Write(
            method: .delete, path: Wire.RequestWriter.orders + "/batched", query: "",
            body: Wire.batchCancel(rows, subaccount: tools.settings.subaccount),
            cost: tools.settings.costCancel * rows.count, bucket: 0, purpose: .close)
        var answers = await send(write, deadline, sent) { OutcomePolicy.cancels($0, of: sent) }.makeIterator()
        return reports.map { $0 ?? answers.next() ?? .unknown(.unreadable("no answer for this order")) }
    }

    /// Changes price or size of a resting order.
    ///
    /// - Parameters:
    ///   - order: as it shall be: outcome, side and price; its `orderQty` is what was filled plus what shall rest, its
    ///     `clOrdID` the order's new name.
    public func amend(_ ref: OrderRef, to order: NewOrder, deadline: MonotonicNanos) async -> ChangeReport {
        let target: Target
        let leg: Wire.YesLeg
        switch self.target(ref) {
        case .success(let found): target = found
        case .failure(let refusal): return .notSent(refusal)
        }
        guard order.instrument == ref.instrument, !order.timeInForce.isImmediate else {
            return .notSent(LocalRefusal(.unsupported, "an amendment of an order that cannot rest"))
        }
        let now = tools.clock.now()
        do throws(LocalRefusal) {
            leg = try desk.withLock { (desk) throws(LocalRefusal) in try desk.admit(order, at: now).0 }
        } catch { return .notSent(error) }
        let expiration: Wire.Expiration
        if case .gtd(let instant) = order.timeInForce { expiration = .at(instant) } else { expiration = .clear }
        let write = Write(
            method: .post, path: target.path + "/amend", query: tools.subaccountQuery,
            body: Wire.amend(
                target.template, leg, total: order.orderQty, renamed: order.clOrdID, expiration: expiration),
            cost: tools.settings.costOrder, bucket: target.template.exchangeIndex,
            purpose: order.purpose == .entry ? .entry : .close)
        return await send(write, deadline) {
            OutcomePolicy.change($0, of: ref.orderID, outcome: order.outcome, isDecrease: false)
        }
    }

    /// Makes a resting order smaller; it keeps its place in the queue.
    ///
    /// - Parameter leavesQty: what shall rest.
    public func decrease(_ ref: OrderRef, to leavesQty: Quantity, deadline: MonotonicNanos) async -> ChangeReport {
        await decrease(ref, .to(leavesQty), leavesQty, deadline)
    }

    /// Makes a resting order smaller by so many contracts; it keeps its place in the queue.
    public func decrease(_ ref: OrderRef, by quantity: Quantity, deadline: MonotonicNanos) async -> ChangeReport {
        await decrease(ref, .by(quantity), quantity, deadline)
    }

    private func decrease(
        _ ref: OrderRef, _ change: Wire.Decrease, _ quantity: Quantity, _ deadline: MonotonicNanos
    ) async -> ChangeReport {
        let target: Target
        switch self.target(ref) {
        case .success(let found): target = found
        case .failure(let refusal): return .notSent(refusal)
        }
        guard quantity.rawValue > 0, quantity.hasTwoDecimals else {
            return .notSent(LocalRefusal(.amounts, "a number of contracts that the market does not take"))
        }
        let write = Write(
            method: .post, path: target.path + "/decrease", query: tools.subaccountQuery,
            body: Wire.decrease(target.template, change), cost: tools.settings.costOrder,
            bucket: target.template.exchangeIndex, purpose: .close)
        // The mean price that a change may tell does not come with a decrease: the outcome does not matter.
        return await send(write, deadline) {
            OutcomePolicy.change($0, of: ref.orderID, outcome: .yes, isDecrease: true)
        }
    }
}

// Order groups: the venue cancels the orders of a group by itself when more than its limit fills within 15 seconds.
extension Gateway {
    /// What is done to a group that exists.
    public enum GroupChange: Hashable, Sendable {
        /// Cancels its orders and refuses new ones until `reset`.
        case trigger
        /// Takes orders again.
        case reset
        /// Another limit, in contracts.
        case limit(Quantity)
        /// Ends it.
        case delete
    }

    /// Makes an order group on one shard.
    ///
    /// - Parameter limit: contracts that may fill within 15 seconds.
    public func makeGroup(limit: Quantity, shard: Int, deadline: MonotonicNanos) async -> GroupReport {
        guard limit.rawValue > 0, limit.hasTwoDecimals, shard >= 0 else {
            return .notSent(LocalRefusal(.amounts, "a limit that the venue does not take"))
        }
        let write = Write(
            method: .post, path: "/portfolio/order_groups/create", query: "",
            body: Wire.group(limit: limit, exchangeIndex: shard, subaccount: tools.settings.subaccount),
            cost: tools.settings.costGroup, bucket: shard, purpose: .close)
        return await send(write, deadline) { OutcomePolicy.group($0, isCreate: true) }
    }

    /// Changes an order group.
    public func change(
        _ group: OrderGroupID, _ change: GroupChange, shard: Int, deadline: MonotonicNanos
    ) async -> GroupReport {
        guard Wire.isPlain(group.text), shard >= 0 else {
            return .notSent(LocalRefusal(.unsupported, "a group that cannot stand in a request"))
        }
        var write = Write(
            method: .put, path: "/portfolio/order_groups/\(group.text)", query: "exchange_index=\(shard)",
            body: Wire.emptyBody, cost: tools.settings.costGroup, bucket: shard, purpose: .close)
        if tools.settings.subaccount > 0 { write.query += "&subaccount=\(tools.settings.subaccount)" }
        switch change {
        case .trigger:
            write.path += "/trigger"
            write.isHeldByTokens = false
        case .reset: write.path += "/reset"
        case .limit(let limit):
            guard limit.rawValue > 0, limit.hasTwoDecimals else {
                return .notSent(LocalRefusal(.amounts, "a limit that the venue does not take"))
            }
            write.path += "/limit"
            write.body = Wire.group(limit: limit, exchangeIndex: nil)
        case .delete:
            write.method = .delete
            write.body = nil
        }
        return await send(write, deadline) { OutcomePolicy.group($0, isCreate: false) }
    }
}

extension OrderDesk.Tools {
    fileprivate var subaccountQuery: String {
        settings.subaccount > 0 ? "subaccount=\(settings.subaccount)" : ""
    }
}

extension Gateway {
    /// A write that is signed and sent at once.
    private struct Write {
        var method: Auth.Method
        var path: String
        var query: String
        var body: [UInt8]?
        var cost: Int
        var bucket: Int
        var purpose: SendPurpose
        var isHeldByTokens = true
    }

    /// Where an order of ours is found.
    private struct Target {
        let template: Wire.OrderTemplate
        let path: String
        let query: String
    }

    private nonisolated func target(_ order: OrderRef) -> Result<Target, LocalRefusal> {
        guard let market = desk.withLock({ $0.market(order.instrument) }) else {
            return .failure(LocalRefusal(.market, "the market's shard is not known"))
        }
        guard Wire.isPlain(order.orderID.text) else {
            return .failure(LocalRefusal(.unsupported, "an order id that cannot stand in a request"))
        }
        var query = "exchange_index=\(market.template.exchangeIndex)&market_ticker=\(market.ticker)"
        if tools.settings.subaccount > 0 { query += "&subaccount=\(tools.settings.subaccount)" }
        return .success(
            Target(
                template: market.template, path: "\(Wire.RequestWriter.orders)/\(order.orderID.text)", query: query))
    }

    /// Tokens, connection, signature, exchange; `judge` says what the answer means, before anything else runs here.
    ///
    /// - Parameter cancelled: the orders whose receipts keep the answer; nil: one of no order alone.
    private func send<Report: Sendable>(
        _ write: Write, _ deadline: MonotonicNanos, _ cancelled: [OrderID?] = [],
        _ judge: (OutcomePolicy.Reading) -> Report
    ) async -> Report {
        let now = tools.clock.now()
        let isPaid = tools.budget.take(write.cost, from: write.bucket, write.purpose, at: now.monotonic)
        guard isPaid || !write.isHeldByTokens else {
            return judge(.notSent(LocalRefusal(.noTokens, "too few write tokens of the market's shard")))
        }
        func undo() { if isPaid { tools.budget.giveBack(write.cost, to: write.bucket, at: now.monotonic) } }
        guard let ticket = tools.sender.reserve(write.purpose) else {
            undo()
            return judge(.notSent(LocalRefusal(.noConnection, "no connection is open and idle")))
        }
        let request: [UInt8]
        do throws(SigningFault) {
            let milliseconds = desk.withLock { $0.stamp(now.utc) }
            request = try tools.writer.request(
                write.method, write.path, query: write.query, body: write.body, milliseconds: milliseconds)
        } catch {
            tools.sender.release(ticket)
            undo()
            return judge(.notSent(LocalRefusal(.signing, error.text)))
        }
        let outcome = await tools.sender.exchange(ticket, request, deadline: deadline)
        let reading = OutcomePolicy.read(outcome, reader)
        if case .notSent = outcome { undo() }
        learn(reading, outcome, write.bucket, at: tools.clock.now())
        for orderID in cancelled { keep(outcome, .cancel, nil, orderID) }
        return judge(reading)
    }
}
