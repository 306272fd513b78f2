import Testing
import Trading

@testable import Risk

@Suite("RiskGate: random walks")
struct RiskGatePropertyTests {
    /// All sums, added up anew from the table.
    static func recount(_ gate: RiskGate) -> (Sums, [VenueSeat], [Int128], [Int128]) {
        var sums = Sums(), venues = VenueID.allCases.map { _ in VenueSeat() }
        var pairs = [Int128](repeating: 0, count: gate.pairs.count)
        var purses = [Int128](repeating: 0, count: gate.purses.count)
        for held in gate.table where held.isUsed {
            for leg in 0..<2 {
                let part = held.exposure[leg]
                sums.open += Int128(part.locked.rawValue)
                pairs[held.pair] += Int128(part.locked.rawValue)
                venues[held.places[leg].venue.place].open += Int128(part.locked.rawValue)
                venues[held.places[leg].venue.place].unknownOrders += Int(part.unknownOrders)
                purses[Int(held.places[leg].purse)] += max(0, Int128(part.cash.rawValue - held.seen(leg).rawValue))
            }
            sums.gross += Int128(held.exposure.gross.rawValue)
            sums.net += Int128(held.exposure.net.rawValue)
            sums.lossAtRisk += Int128(held.exposure.lossAtRisk.rawValue)
            sums.openOrders += held.exposure.openOrders
            sums.unknownOrders += held.exposure.unknownOrders
            sums.reservations += 1
        }
        return (sums, venues, pairs, purses)
    }

    @Test("keep every sum equal to a recount and every limit unbroken (I5)", arguments: 1...10 as ClosedRange<UInt64>)
    func walk(_ seed: UInt64) throws {
        var dice = Dice(seed)
        var limits = RiskLimits()
        limits.openOrdersMax = 12
        limits.dailyLossMax = GateStage.usd("40")
        limits.valuation = Valuation(pusdUSD: GateStage.px("1.01"), haircutBps: 30)
        var stage = try GateStage(limits, pairs: 4, cash: "700")
        var fired: [ReservationID] = []
        for step in 0..<400 as Range<Int64> {
            let now = GateStage.at(step * 3)
            switch dice.roll(6) {
            case 0, 1, 2:
                var request = stage.request(
                    Int32(dice.roll(8)), "\(dice.roll(1...120))", alone: "\(dice.roll(0...12))")
                request.second.limitPx = try #require(Price(rawValue: dice.roll(1...99) * 1_000_000))
                guard let approval = try? stage.gate.approve(request, at: now) else { break }
                if dice.roll(4) == 0 { stage.gate.undo(approval) } else { fired.append(stage.gate.fired(approval)) }
            case 3 where !fired.isEmpty:
                let id = fired[dice.roll(fired.count)]
                guard var exposure = stage.gate.exposure(of: id) else { break }
                // Evidence only ever lessens what was reserved.
                for leg in 0..<2 {
                    exposure[leg].locked = Money(rawValue: dice.roll(0...exposure[leg].locked.rawValue))
                    exposure[leg].cash = Money(rawValue: dice.roll(0...exposure[leg].cash.rawValue))
                    exposure[leg].openOrders = Int32(dice.roll(0...Int64(exposure[leg].openOrders)))
                    exposure[leg].unknownOrders = dice.roll(20) == 0 ? 1 : 0
                    exposure[leg].doneAt = exposure[leg].openOrders == 0 ? now.utc : nil
                }
                exposure.net = Money(rawValue: dice.roll(0...exposure.net.rawValue))
                exposure.lossAtRisk = .zero
                stage.gate.settle(id, to: exposure)
            case 4 where !fired.isEmpty: stage.gate.release(fired.remove(at: dice.roll(fired.count)), at: now.utc)
            default:
                if dice.roll(3) == 0 {
                    stage.setCash("\(dice.roll(300...900))", "\(dice.roll(300...900))", at: step * 3)
                }
            }
            let counted = Self.recount(stage.gate)
            #expect(stage.gate.sums == counted.0)
            #expect(stage.gate.venues == counted.1)
            #expect(stage.gate.pairs.map(\.open) == counted.2)
            #expect(stage.gate.purses.map(\.held) == counted.3)
            let totals = stage.gate.totals
            #expect(totals.open <= limits.openMax && totals.gross <= limits.grossMax && totals.net <= limits.netMax)
            #expect(totals.openOrders <= limits.openOrdersMax)
            #expect(
                stage.gate.open(at: .kalshi) <= limits.venueMax && stage.gate.open(at: .polymarket) <= limits.venueMax)
            #expect(stage.gate.pairs.allSatisfy { $0.open <= Int128(limits.pairMax.rawValue) })
        }
        for id in fired { stage.gate.release(id, at: GateStage.at(2_000).utc) }
        #expect(stage.gate.sums == Sums())
        #expect(stage.gate.free.count == RiskGate.reservationsMax)
    }

    @Test("what is sized within the bounds is never refused for a figure", arguments: 1...30 as ClosedRange<UInt64>)
    func bounds(_ seed: UInt64) throws {
        var dice = Dice(seed)
        var limits = RiskLimits()
        limits.openOrdersMax = 1_000
        limits.ordersPerMinuteMax = 6_000
        limits.equityPctMax = dice.roll(20...100)
        limits.valuation = Valuation(
            pusdUSD: try #require(Price(rawValue: dice.roll(90_000_000...110_000_000))), haircutBps: dice.roll(0...100))
        var stage = try GateStage(limits, pairs: 6, cash: "\(dice.roll(100...2_000))")
        var approved = 0
        for _ in 0..<200 {
            let basket = Int32(dice.roll(6)) * 2
            let found = stage.gate.bounds(for: BasketID(basket), orderQtyMin: GateStage.qty("1"), at: GateStage.at(0))
            let bounds = try #require(found)
            var request = stage.request(basket)
            let prices = (dice.roll(1...99) * 1_000_000, dice.roll(1...99) * 1_000_000)
            request.first.limitPx = try #require(Price(rawValue: prices.0))
            request.second.limitPx = try #require(Price(rawValue: prices.1))
            request.first.feeMax = .zero
            request.second.feeMax = .zero
            request.first.lossAlone = Money(rawValue: dice.roll(0...(try #require(bounds.oneLegLossMax).rawValue)))
            request.second.lossAlone = .zero
            // The largest size within the bounds, then a part of it.
            let kalshi = try #require(bounds.cash(at: .kalshi)).rawValue
            let polymarket = try #require(bounds.cash(at: .polymarket)).rawValue
            var most = Int128(bounds.orderQtyMax.rawValue)
            let one = Int128(FixedPoint.one)
            most = min(most, Int128(kalshi) * one / Int128(prices.0), Int128(polymarket) * one / Int128(prices.1))
            let both = Int128(prices.0) + Int128(prices.1) * Int128(limits.valuation.spentRate(.pusd)) / one + 1
            most = min(most, max(0, Int128(bounds.lockedMax.rawValue) - 2) * one / both)
            let quantity = Quantity(rawValue: dice.roll(2) == 0 ? Int64(most) : dice.roll(0...Int64(most)))
            guard quantity.rawValue > 0 else { continue }
            request.first.orderQty = quantity
            request.second.orderQty = quantity
            #expect(stage.fire(request).refusal == nil)
            approved += 1
        }
        #expect(approved > 0)
    }

    @Test("a half-open breaker bounds the size to the smallest")
    func probeBounds() throws {
        var limits = GateStage.wide
        limits.errorsConsecutiveMax = 1
        var stage = try GateStage(limits)
        stage.gate.breaker.record(
            .reject, execution: ExecutionID(run: 9, sequence: 9), pair: PairID("pair0"), venue: .kalshi, latency: nil,
            at: GateStage.at(-61))
        let least = GateStage.qty("5")
        let bounds = stage.gate.bounds(for: BasketID(0), orderQtyMin: least, at: GateStage.at(0))
        #expect(bounds?.orderQtyMax == least)
        let (due, early) = (
            stage.gate.isProbe(BasketID(0), at: GateStage.at(0).monotonic),
            stage.gate.isProbe(BasketID(0), at: GateStage.at(-2).monotonic)
        )
        #expect(due && !early)
    }
}
