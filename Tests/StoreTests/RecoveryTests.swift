import Foundation
import TestKit
import Testing
import Threading
import Trading

@testable import Store

@Suite("Recovery")
struct RecoveryTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var journal: String { place.path("intents.log") }
    private var path: String { place.path("ledger.db") }
    private let now = UTCNanos(rawValue: 90_000_000_000_000)

    private func open() throws -> (IntentLog, Ledger) {
        (try IntentLog(path: journal, durability: .process, build: "test", capacity: 1_024), try Ledger(path: path))
    }

    private func recover(_ log: IntentLog, _ ledger: Ledger) throws -> Recovery {
        try Recovery(journal: log.found, ledger: ledger, build: "test", now: now)
    }

    @Test("orders that the ledger never had, had half, had whole, and that never left, are told apart")
    func kinds() throws {
        do {
            let (log, ledger) = try open()
            // 1 and 2: recorded and nothing else. 3: in the ledger, sent. 4: in the ledger, filled. 5: withdrawn.
            try log.append(SomeIntents.one(1), SomeIntents.one(2, .polymarket))
            for number in 3...5 as ClosedRange<UInt64> { try log.append(SomeIntents.one(number), nil) }
            log.withdraw(SomeIntents.one(5).order.clOrdID, isTombstone: false)
            for number in 3...5 as ClosedRange<UInt64> {
                let row = try ledger.keep(SomeIntents.one(number))
                var state = OrderState(SomeIntents.one(number).order)
                func tell(_ event: OrderEvent) throws {
                    state.apply(event)
                    try ledger.append(
                        StoredOrderEvent(at: UTCNanos(rawValue: 9), transactTime: nil, source: .reply, event: event),
                        to: row, state: state, orderID: nil)
                }
                if number < 5 { try tell(.sent) }
                if number == 4 {
                    try tell(
                        .summary(
                            OrderSummary(standing: .filled, cumQty: Quantity(rawValue: 1_000_000_000), leavesQty: .zero)
                        ))
                }
            }
        }
        // P08: killed in recovery again and again, the last time after it had adopted.
        for attempt in 0..<10 {
            let (log, ledger) = try open()
            var recovery = try recover(log, ledger)
            #expect(recovery.orders.map { $0.state.order.clOrdID.low & 0xFF } == [1, 2, 3], "\(attempt)")
            #expect(recovery.orders.allSatisfy { $0.state.isUnknown && !$0.state.isDone })
            #expect(recovery.orders.allSatisfy { $0.execution != nil && $0.role == .leg })
            #expect(recovery.orders[1].orderID == SomeIntents.one(2, .polymarket).orderID)
            #expect(recovery.lostSince == nil && !recovery.isBackup && recovery.otherBuild == nil)
            if attempt >= 5 {
                let upTo = try recovery.adopt(into: ledger, at: now)
                #expect(upTo == log.lastSequence)
                #expect(recovery.orders.allSatisfy { $0.row != nil })
                if attempt >= 8 { log.checkpoint(through: upTo) }
            }
        }
        let ledger = try Ledger(path: path)
        var filter = Ledger.OrderFilter()
        filter.standing = .unknown
        let unknown = try ledger.orders(filter)
        #expect(unknown.count == 3)
        for order in unknown {
            #expect(try ledger.events(of: order.row).filter { $0.event == .unknown(.restart) }.count == 1)
        }
        let withdrawn = try #require(try ledger.orders(named: SomeIntents.one(5).order.clOrdID.description).first)
        #expect(withdrawn.state.localRefusal != nil && withdrawn.state.isDone)
    }

    @Test("killed after a leg was made anew: both of its hashes are in the log, whether or not the refusal was told")
    func rebuilt() throws {
        for isTold in [false, true] {
            let place = try Workplace()
            let first = SomeIntents.one(2, .polymarket), anew = SomeIntents.one(3, .polymarket)
            do {
                let log = try IntentLog(
                    path: place.path("intents.log"), durability: .process, build: "test", capacity: 64)
                let ledger = try Ledger(path: place.path("ledger.db"))
                try log.append(SomeIntents.one(1), first)
                if isTold {
                    let row = try ledger.keep(first)
                    let refusal = OrderEvent.rejected(
                        VenueRejection(.version, status: 400, code: "order_version_mismatch"))
                    var state = OrderState(first.order)
                    state.apply(.sent)
                    state.apply(refusal)
                    try ledger.append(
                        StoredOrderEvent(at: now, transactTime: nil, source: .reply, event: refusal), to: row,
                        state: state, orderID: first.orderID)
                }
                try log.append(anew, nil)
            }
            let log = try IntentLog(path: place.path("intents.log"), durability: .process, build: "test", capacity: 64)
            let recovery = try recover(log, try Ledger(path: place.path("ledger.db")))
            let names = recovery.orders.compactMap(\.orderID)
            #expect(first.orderID != anew.orderID)
            #expect(Set(names) == Set((isTold ? [anew] : [first, anew]).compactMap(\.orderID)), "told: \(isTold)")
            #expect(recovery.orders.allSatisfy { $0.state.isUnknown })
        }
    }

    @Test("what is over but for a fee that nobody told is taken up; with its fees, unfilled or of long ago it is not")
    func feeless() throws {
        let (log, ledger) = try open()
        let recent: UInt64 = 80_000_000_000_000
        /// An execution that is over, of one order.
        func over(_ number: UInt64, cumQty: Int64, fee: Money?) throws -> ExecutionID {
            let intent = SomeIntents.one(number)
            let row = try ledger.keep(intent)
            var state = OrderState(intent.order)
            let end = OrderEvent.summary(
                OrderSummary(
                    standing: .filled, cumQty: Quantity(rawValue: cumQty), leavesQty: .zero,
                    cumCash: Money(rawValue: cumQty / 2), fee: fee))
            state.apply(.sent)
            state.apply(end)
            try ledger.append(
                StoredOrderEvent(at: now, transactTime: nil, source: .reply, event: end), to: row, state: state,
                orderID: nil)
            let id = intent.execution
            try ledger.keep(
                Ledger.ExecutionRow(
                    id: id, pair: "fed", direction: "a", mode: "live", result: "unwound", edgeExpected: .zero,
                    edgeRealized: Money(rawValue: -5), decided: now))
            return id
        }
        let lacking = try over(recent + 1, cumQty: 1_000_000_000, fee: nil)
        /// What its legs held once was sold again, or paid: the former is over with nothing in it.
        func boxed(_ number: UInt64, _ quantity: Int64) throws -> ExecutionID {
            let id = try over(number, cumQty: 1_000_000_000, fee: nil)
            try ledger.keep(
                Ledger.BoxRow(
                    execution: id, pair: "fed", state: "settled", isOver: true, quantity: Quantity(rawValue: quantity),
                    cost: .cent, payoff: .zero, pnl: .zero, opened: now, changed: now))
            return id
        }
        let sold = try boxed(recent + 4, 0)
        _ = try boxed(recent + 5, 1_000_000_000)
        _ = try over(recent + 2, cumQty: 1_000_000_000, fee: .cent)
        _ = try over(recent + 3, cumQty: 0, fee: nil)
        _ = try over(7, cumQty: 1_000_000_000, fee: nil)
        let recovery = try recover(log, ledger)
        #expect(recovery.feeless == [lacking, sold])
        #expect(recovery.history.map(\.execution) == [lacking, sold] && recovery.orders.isEmpty)
    }

    @Test("boxes, breakers, the day's profit and the orders of what stands alone come back")
    func rest() throws {
        let (log, ledger) = try open()
        let execution = ExecutionID(run: 3, sequence: 7)
        try ledger.keep(
            Ledger.ExecutionRow(
                id: execution, pair: "fed", direction: "x", mode: "live", result: "begun",
                edgeExpected: Money(rawValue: 5), decided: now, plan: "the plan"))
        // A result without a plan keeps the plan.
        try ledger.keep(
            Ledger.ExecutionRow(
                id: execution, pair: "fed", direction: "x", mode: "live", result: "unwound",
                edgeExpected: Money(rawValue: 5), decided: now, error: "E_EXEC_X"))
        try ledger.keep(
            Ledger.BoxRow(
                execution: execution, pair: "fed", state: "settling:kalshi", isOver: false,
                quantity: Quantity(rawValue: 1),
                cost: Money(rawValue: 2), payoff: Money(rawValue: 3), pnl: Money(rawValue: 1), opened: now, changed: now
            ))
        let row = try ledger.keep(SomeIntents.one(7))
        var state = OrderState(SomeIntents.one(7).order)
        let fill = OrderEvent.summary(
            OrderSummary(standing: .cancelled, cumQty: Quantity(rawValue: 400_000_000), leavesQty: .zero))
        state.apply(fill)
        try ledger.append(
            StoredOrderEvent(at: now, transactTime: nil, source: .reply, event: fill), to: row, state: state,
            orderID: nil)
        for (scope, isOpen) in [("global", true), ("venue:kalshi", true), ("venue:kalshi", false)] {
            try ledger.add(
                Ledger.BreakerRow(
                    at: now, scope: scope, event: isOpen ? "trip" : "resume", isOpen: isOpen, reasons: "daily_loss",
                    figure: 5, limit: 4, since: now))
        }
        try ledger.keepProfit(Money(rawValue: -70), at: now)
        try ledger.keepProfit(Money(rawValue: -90), at: now)
        try ledger.keepProfit(Money(rawValue: 11), at: now + .seconds(86_400))
        let recovery = try recover(log, ledger)
        #expect(recovery.orders.isEmpty && recovery.boxes.map(\.state) == ["settling:kalshi"])
        #expect(recovery.executions.first?.plan == "the plan" && recovery.executions.first?.result == "unwound")
        #expect(recovery.history.map(\.row) == [row])
        #expect(recovery.breakers.map(\.scope) == ["global"] && recovery.breakers.first?.limit == 4)
        #expect(recovery.profitToday == Money(rawValue: -90))
    }

    @Test("P28: a log that is older than the ledger says so; so does another build")
    func backup() throws {
        do {
            let (log, ledger) = try open()
            try log.append(SomeIntents.one(1), nil)
            _ = ledger
        }
        try FileManager.default.copyItem(atPath: journal, toPath: journal + ".old")
        for _ in 0..<3 {
            let (log, ledger) = try open()
            var recovery = try recover(log, ledger)
            _ = try recovery.adopt(into: ledger, at: now)
        }
        try FileManager.default.removeItem(atPath: journal)
        try FileManager.default.moveItem(atPath: journal + ".old", toPath: journal)
        let (log, ledger) = try open()
        #expect(try recover(log, ledger).isBackup)
        let other = try Recovery(journal: log.found, ledger: ledger, build: "a newer one", now: now)
        #expect(other.otherBuild == "test" && other.orders.count == 1)
    }

    @Test("10,000 orders in the ledger, a hundred of them open, are gone through within five seconds")
    func speed() throws {
        let (log, ledger) = try open()
        try ledger.transaction { () throws(StoreFault) in
            for number in 1...10_000 as ClosedRange<UInt64> {
                let intent = SomeIntents.one(number, number % 2 == 0 ? .kalshi : .polymarket)
                let row = try ledger.keep(intent)
                var state = OrderState(intent.order)
                let events: [OrderEvent] =
                    number % 100 == 0
                    ? [.sent]
                    : [
                        .sent,
                        .summary(
                            OrderSummary(standing: .filled, cumQty: Quantity(rawValue: 1_000_000_000), leavesQty: .zero)
                        ),
                    ]
                for event in events {
                    state.apply(event)
                    try ledger.append(
                        StoredOrderEvent(at: now, transactTime: nil, source: .reply, event: event), to: row,
                        state: state,
                        orderID: intent.orderID)
                }
            }
        }
        let start = NanoClock.monotonic()
        var recovery = try recover(log, ledger)
        _ = try recovery.adopt(into: ledger, at: now)
        let taken = NanoClock.monotonic() - start
        print("recovery of 10,000 orders: \(taken.rawValue / 1_000_000) ms")
        #expect(recovery.orders.count == 100 && recovery.history.count == 10_000)
        #expect(taken <= .seconds(5))
    }
}
