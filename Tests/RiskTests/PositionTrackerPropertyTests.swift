import Testing
import Trading

@testable import Risk

/// Stories of executions, told in any order, and the plain book-keeping of a venue that saw them happen.
@Suite("PositionTracker: random stories against a slow oracle")
struct PositionTrackerPropertyTests {
    /// One order with everything that will ever be told of it.
    struct Tale {
        let order: NewOrder
        let role: OrderRole
        let leg: Int
        let feeMax: Money
        var events: [OrderEvent]
        /// What truly changed hands.
        var quantity: Int128 = 0
        var cash: Int128 = 0
    }

    struct Story {
        var plan: ExecutionPlan
        var tales: [Tale]
    }

    static func story(_ sequence: UInt32, _ dice: inout Dice) throws -> Story {
        var plan = TrackerStage.plan(sequence, ticker: "K\(sequence % 3)", outcome: dice.roll(2) == 0 ? .yes : .no)
        plan.second.symbol = "0x\(sequence % 3)"
        var story = Story(plan: plan, tales: [])
        var held: [Int64] = [0, 0], opposite: [Int64] = [0, 0]
        for place in 0..<(2 + dice.roll(5)) {
            let leg = place < 2 ? place : dice.roll(2)
            var role = place < 2 ? OrderRole.leg : [OrderRole.complete, .sell, .opposite][dice.roll(3)]
            if role == .sell, held[leg] <= 0 { role = .complete }
            let most = role == .sell ? held[leg] : 2_000
            let wanted = dice.roll(1...most)  // hundredths
            let price = try #require(Price(rawValue: dice.roll(1...99) * 1_000_000))
            let order = NewOrder(
                clOrdID: ClOrdID(high: UInt64(sequence), low: UInt64(place)), instrument: InstrumentID(Int32(leg)),
                outcome: role == .opposite ? plan[leg].outcome.opposite : plan[leg].outcome,
                side: role == .sell ? .sell : .buy, orderQty: Quantity(rawValue: wanted * 1_000_000), price: price,
                purpose: role == .leg ? .entry : .close)
            var tale = Tale(order: order, role: role, leg: leg, feeMax: Money(rawValue: 10_000_000), events: [.sent])
            tell(&tale, wanted, &dice, isKalshi: leg == 0)
            let filled = Int64(tale.quantity / 1_000_000)
            if role == .sell {
                held[leg] -= filled
            } else if role == .opposite {
                opposite[leg] += filled
            } else {
                held[leg] += filled
            }
            story.tales.append(tale)
        }
        return story
    }

    /// Fills within the limit, some void, an end, and doubts on the way.
    static func tell(_ tale: inout Tale, _ wanted: Int64, _ dice: inout Dice, isKalshi: Bool) {
        var left = wanted
        for part in 0..<dice.roll(4) where left > 0 {
            let size = dice.roll(1...left)
            left -= size
            let better = dice.roll(0...min(5, tale.order.price.rawValue / 1_000_000 - 1)) * 1_000_000
            let price = tale.order.side == .buy ? tale.order.price.rawValue - better : tale.order.price.rawValue
            let fee = dice.roll(0...100) * 10_000
            let name = ExecID("\(tale.order.clOrdID)-\(part)")
            let isVoid = !isKalshi && dice.roll(6) == 0
            let told = Fill(
                execID: name, lastQty: Quantity(rawValue: size * 1_000_000), lastPx: Price(rawValue: price) ?? .zero,
                fee: Money(rawValue: fee), liquidity: .taker, settlement: isKalshi ? .confirmed : .matched)
            tale.events.append(.fill(told))
            if !isKalshi { tale.events.append(.settlement(name, isVoid ? .failed : .confirmed)) }
            guard !isVoid else { continue }
            tale.quantity += Int128(size) * 1_000_000
            let money = Int128(price) * Int128(size) / 100
            tale.cash += tale.order.side == .buy ? -(money + Int128(fee)) : money - Int128(fee)
        }
        if dice.roll(3) == 0 { tale.events.append(.unknown(.timeout)) }
        let standing: OrderSummary.Standing = left == 0 ? .filled : .cancelled
        tale.events.append(.summary(OrderSummary(standing: standing, cumQty: nil, leavesQty: nil)))
    }

    /// What a venue's own books show in the end: cash moved, and contracts paid. Unit: 1e-8.
    static func truth(_ story: Story, yesPays: [Int128]) -> Int128 {
        var cash: Int128 = 0
        for tale in story.tales {
            cash += tale.cash
            let pays = tale.order.outcome == .yes ? yesPays[tale.leg] : 100 - yesPays[tale.leg]
            cash += (tale.order.side == .buy ? 1 : -1) * tale.quantity * pays / 100
        }
        return cash
    }

    /// The worst cost of what could stand alone, over every way in which open orders may end.
    static func worstAlone(_ story: Story, _ states: [OrderState]) -> Int128 {
        let open = states.indices.filter { !states[$0].isDone }
        guard open.count <= 6 else { return 0 }
        var worst: Int128 = 0
        for way in 0..<(1 << open.count) {
            var bought: [Int128] = [0, 0], cost: [Int128] = [0, 0], gone: [Int128] = [0, 0]
            for (index, tale) in story.tales.enumerated() {
                let isFull = open.firstIndex(of: index).map { way >> $0 & 1 == 1 } ?? false
                let state = states[index]
                let quantity = Int128((isFull ? state.exposureMax : state.exposureMin).rawValue)
                switch tale.role {
                case .sell, .opposite: gone[tale.leg] += quantity
                default:
                    bought[tale.leg] += quantity
                    cost[tale.leg] += Int128((isFull ? state.cashMax : state.cumCash).rawValue)
                }
            }
            for leg in 0..<2 {
                let held = max(0, bought[leg] - gone[leg]), other = max(0, bought[1 - leg] - gone[1 - leg])
                let over = held - other
                if over > 0, bought[leg] > 0 { worst = max(worst, cost[leg] * over / bought[leg]) }
            }
        }
        return worst
    }

    static func begin(_ stories: [Story], _ limits: RiskLimits) throws -> PositionTracker {
        var tracker = PositionTracker(limits)
        for story in stories {
            try tracker.begin(story.plan)
            for tale in story.tales {
                _ = try tracker.add(
                    tale.order, role: tale.role, leg: tale.leg, feeMax: tale.feeMax, to: story.plan.execution)
            }
        }
        return tracker
    }

    @Test(
        "end with the exposures of the final states, never below the worst on the way",
        arguments: 1...60 as ClosedRange<UInt64>)
    func converge(_ seed: UInt64) throws {
        var dice = Dice(seed)
        var limits = GateStage.wide
        limits.dustMax = .zero
        var stories: [Story] = []
        for sequence in 1...4 as ClosedRange<UInt32> { stories.append(try Self.story(sequence, &dice)) }
        var tracker = try Self.begin(stories, limits)
        var states = stories.map { $0.tales.map { OrderState($0.order) } }
        // Every event at least once, some again, in any order.
        var queue: [(story: Int, tale: Int, event: OrderEvent)] = []
        for (story, told) in stories.enumerated() {
            for (tale, whole) in told.tales.enumerated() {
                for event in whole.events { queue.append((story, tale, event)) }
            }
        }
        for _ in 0..<queue.count / 2 { queue.append(queue[dice.roll(queue.count)]) }
        for index in queue.indices.reversed() { queue.swapAt(index, dice.roll(index + 1)) }
        var booked: Int128 = 0
        for (step, item) in queue.enumerated() {
            states[item.story][item.tale].apply(item.event)
            let told = tracker.apply(states[item.story][item.tale], at: GateStage.at(Int64(step)).utc)
            let change = try #require(told)
            booked += Int128(change.profitChange.rawValue)
            let alone = Self.worstAlone(stories[item.story], states[item.story])
            #expect(Int128(change.exposure.net.rawValue) >= alone)
            let isOpen = states[item.story].contains { !$0.isDone }
            #expect((change.residual == nil) || !isOpen)
            if isOpen {
                #expect(tracker.closeMax(change.execution, isSale: false, venuePosition: nil) == .zero)
            }
        }
        // Told at once, in the end.
        var late = try Self.begin(stories, limits)
        for story in states.indices { for state in states[story] { _ = late.apply(state, at: GateStage.at(0).utc) } }
        for story in stories {
            let id = story.plan.execution
            var ours = try #require(tracker.exposure(of: id)), theirs = try #require(late.exposure(of: id))
            for leg in 0..<2 { (ours[leg].doneAt, theirs[leg].doneAt) = (nil, nil) }
            #expect(ours == theirs)
            #expect(tracker.residual(of: id) == late.residual(of: id))
            #expect(tracker.box(of: id) == late.box(of: id))
        }
        #expect(tracker.profit == late.profit)
        #expect(booked == Int128(tracker.profit.rawValue))
        #expect(tracker.exposure == late.exposure)
        #expect(tracker.positions(at: .kalshi) == late.positions(at: .kalshi))
    }

    @Test(
        "conserve money: when all is paid, the profit is what the venues' books show",
        arguments: 1...60 as ClosedRange<UInt64>)
    func conserve(_ seed: UInt64) throws {
        var dice = Dice(seed &+ 1_000)
        var limits = GateStage.wide
        limits.dustMax = .zero
        var stories: [Story] = []
        for sequence in 1...4 as ClosedRange<UInt32> { stories.append(try Self.story(sequence, &dice)) }
        var tracker = try Self.begin(stories, limits)
        var pays: [Int: [Int128]] = [:]
        for market in 0..<3 { pays[market] = [Int128(dice.roll(0...100)), Int128(dice.roll(0...100))] }
        func settle(_ tracker: inout PositionTracker, _ market: Int, _ leg: Int) throws {
            let percent = try #require(pays[market])[leg]
            let yes = try #require(Price(rawValue: Int64(percent) * 1_000_000))
            _ = tracker.apply(
                .settled(
                    leg == 0 ? .kalshi : .polymarket, symbol: leg == 0 ? "K\(market)" : "0x\(market)", yesPays: yes))
        }
        // Markets may be paid before the last fill is told.
        for market in 0..<3 where dice.roll(2) == 0 { try settle(&tracker, market, dice.roll(2)) }
        for story in stories {
            for tale in story.tales {
                var state = OrderState(tale.order)
                for event in tale.events { state.apply(event) }
                #expect(Int128(state.cumQty.rawValue) == tale.quantity)
                _ = tracker.apply(state, at: GateStage.at(0).utc)
            }
        }
        for market in 0..<3 { for leg in 0..<2 { try settle(&tracker, market, leg) } }
        var whole: Int128 = 0
        for story in stories {
            let truth = Self.truth(story, yesPays: try #require(pays[Int(story.plan.execution.sequence % 3)]))
            let ours = try #require(tracker.profit(of: story.plan.execution))
            #expect(Int128(ours.rawValue) == truth)
            #expect(tracker.isOver(story.plan.execution))
            whole += truth
        }
        #expect(Int128(tracker.profit.rawValue) == whole)
        for execution in tracker.executions { #expect(tracker.forget(execution) == true) }
        #expect(Int128(tracker.profit.rawValue) == whole)
        #expect(tracker.exposure == Exposure())
        #expect(tracker.positions(at: .kalshi).isEmpty && tracker.positions(at: .polymarket).isEmpty)
    }
}

@Suite("Exposure")
struct ExposureTests {
    @Test(
        "one line, the gravest first; unknown outranks exposed",
        arguments: [
            (0, 0, "0", 0, "FLAT", Int32(0)), (0, 0, "0", 2, "HEDGED", 0), (0, 3, "0", 1, "CLOSING 3 · HEDGED", 4),
            (0, 1, "12.301", 0, "EXPOSED $12.31 · CLOSING 1", 4), (2, 0, "0", 0, "UNKNOWN 2 legs", 3),
            (1, 1, "0.00000001", 1, "UNKNOWN 1 legs · EXPOSED $0.01 · CLOSING 1 · HEDGED", 3),
        ] as [(Int, Int, String, Int, String, Int32)])
    func lines(unknown: Int, closing: Int, exposed: String, boxes: Int, line: String, code: Int32) {
        var exposure = Exposure()
        exposure.unknownLegs = unknown
        exposure.closing = closing
        exposure.exposed = GateStage.usd(exposed)
        exposure.boxes = boxes
        #expect(exposure.line == line)
        #expect(exposure.exitCode == code)
    }

    @Test("states are in order of gravity")
    func order() { #expect(Exposure.State.allCases.sorted() == [.flat, .hedged, .closing, .exposed, .unknown]) }

    @Test("an entry whose orders are out is never called flat")
    func inFlight() {
        var exposure = Exposure()
        exposure.openOrders = 2
        #expect(exposure.state == .exposed)
        #expect(exposure.line == "EXPOSED $0.00")
    }
}
