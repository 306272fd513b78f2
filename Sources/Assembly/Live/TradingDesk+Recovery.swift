import Arb
internal import Risk
public import Store
public import Trading

extension TradingDesk {
    /// What a start took up.
    public struct TakenUp: Sendable, Hashable {
        /// Executions of earlier runs of which something is open or held.
        public var executions = 0
        /// Breakers that are open still.
        public var breakers = 0
        /// Runs of the last ten minutes that ended without a word, since the last `resume`.
        public var crashes = 0
        /// Why nothing is entered before `arb resume`, each with what a person should look at.
        public var holds: [String] = []
    }

    /// So many crashes are a loop: it stays halted (P22).
    public static let crashesMax = 3
    private static let crashSpan = Nanoseconds.seconds(600)

    /// Takes up what earlier runs left: open orders, boxes, breakers, halted pairs, the day's profit. Before `start`.
    ///
    /// - Throws: `StoreFault`.
    public func recover(_ ledger: LedgerWriter, at now: Stamp) throws(StoreFault) -> TakenUp {
        let (recovery, through) = try ledger.recover(journal.found, build: BuildInfo.build, now: now.utc)
        journal.checkpoint(through: through)
        var taken = TakenUp()
        taken.holds = Self.holds(recovery)
        taken.crashes = try ledger.store.crashes(since: now.utc + Nanoseconds(rawValue: -Self.crashSpan.rawValue))
        let breakers = recovery.breakers.compactMap(StopRows.record)
        taken.breakers = breakers.count
        trader.begin(at: now)
        trader.restore(
            breakers: breakers, suspensions: recovery.breakers.compactMap { StopRows.suspension($0, at: now) }, at: now)
        if !taken.holds.isEmpty { trader.hold(taken.holds.joined(separator: "; ")) }
        // Accounts are read a day back, and venues' lists overlap.
        let account = try ledger.account(since: now.utc + .seconds(-2 * 86_400))
        trader.remember(account.ended)
        for purse in account.cash { trader.adopt(cash: purse.balances, asOf: purse.asOf) }
        // On paper sets have a trader of their own.
        let paper = trading.paper
        let sets = Set((paper?.setOrders ?? []).map(\.state.order.clOrdID))
        let orders = Self.orders(recovery).filter { !sets.contains($0.state.order.clOrdID) }
        if let paper, !sets.isEmpty { paper.adopt(finished: try Self.finished(ledger.store), at: now) }
        trader.adopt(orders, profitToday: recovery.profitToday, at: now)
        taken.executions = Set(orders.map(\.execution)).count
        return taken
    }

    /// Executions that came to an end: what they hold is held until it pays.
    private static func finished(_ ledger: Ledger) throws(StoreFault) -> Set<ExecutionID> {
        let ended = try ledger.executions(limit: Int(Int32.max)).filter { $0.edgeRealized != nil }.map(\.id)
        return Set(ended).union(try ledger.boxes().map(\.execution))
    }

    /// What no program can judge: it trades again when a person has said so.
    private static func holds(_ recovery: Recovery) -> [String] {
        var holds: [String] = []
        for row in recovery.breakers where StopRows.record(row) == nil && !row.scope.hasPrefix(StopRows.halt) {
            holds.append("'\(row.scope)' was stopped by a build that knows more than this one (\(row.reasons))")
        }
        if let build = recovery.otherBuild, !recovery.orders.isEmpty {
            holds.append(
                "\(recovery.orders.count) orders whose end is not known were sent by another build (\(build.prefix(16)))"
            )
        }
        if recovery.isBackup {
            holds.append("the log of intents is older than the ledger: a copy was put back; run arb reconcile first")
        }
        if let since = recovery.lostSince {
            holds.append(
                "the machine was started anew: orders since \(since.rfc3339) may be in no record; run arb reconcile first"
            )
        }
        return holds
    }

    private static func orders(_ recovery: Recovery) -> [AdoptedOrder] {
        var booked: [ExecutionID: Money] = [:]
        for row in recovery.executions { booked[row.id] = row.edgeRealized }
        var orders: [AdoptedOrder] = []
        var known: Set<ClOrdID> = []
        for order in recovery.orders {
            guard let execution = order.execution else { continue }
            if !order.isTombstone { known.insert(order.state.order.clOrdID) }
            orders.append(
                AdoptedOrder(
                    execution: execution, role: order.role ?? .leg, pair: order.pair, venue: order.venue,
                    symbol: order.symbol, orderID: order.orderID, state: order.state,
                    booked: booked[execution] ?? .zero,
                    intended: order.intended))
        }
        for order in recovery.history where order.state.order.purpose != .tombstone {
            guard let execution = order.execution, known.insert(order.state.order.clOrdID).inserted else { continue }
            orders.append(
                AdoptedOrder(
                    execution: execution, role: order.role ?? .leg, pair: PairID(order.pair), venue: order.venue,
                    symbol: order.symbol, orderID: order.orderID, state: order.state,
                    booked: booked[execution] ?? .zero,
                    lacksFeeAlone: recovery.feeless.contains(execution)))
        }
        return orders
    }

    /// Says to the log of intents what the ledger has: their places may be used anew. From any thread, while the hot lane
    /// runs; nothing is said while anything is missing.
    public func checkpoint(through office: BackOffice) {
        let journal = journal
        _ = work.post { _ in
            // Everything recorded up to here was told before this turn, so it is written before the errand is done.
            let head = journal.lastSequence
            office.perform { ledger in
                if ledger != nil, office.dropped == 0 { journal.checkpoint(through: head) }
            }
        }
    }

    /// Ends the record; what the ledger has whole needs no log any more. After the hot lane and the back office.
    public func close(after office: BackOffice) {
        if office.standing.fault.isEmpty, office.dropped == 0 { journal.checkpoint(through: journal.lastSequence) }
        journal.close()
    }
}
