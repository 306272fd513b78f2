import CAllocations
import Testing
import Trading

@testable import Risk

/// What stands between a decision and its orders asks the allocator for nothing.
@Suite("Risk: allocations")
struct RiskAllocationTests {
    #if DEBUG
        private static let isOptimized = false
    #else
        private static let isOptimized = true
    #endif

    @Test(
        "approve, undo, fire and bounds allocate nothing, nor do the tracker's begin and add",
        .enabled(
            if: isOptimized,
            "a debug build copies what release does not; swift test -c release -Xswiftc -enable-testing counts"))
    func approvePath() throws {
        var stage = try GateStage()
        let request = stage.request()
        let least = GateStage.qty("5")
        let now = GateStage.at(0)
        var tracker = PositionTracker(GateStage.wide)
        let plans = (1...40 as ClosedRange<UInt32>).map { TrackerStage.plan($0) }
        let orders = (0..<80 as Range<UInt64>).map { number in
            NewOrder(
                clOrdID: ClOrdID(high: 1, low: number), instrument: InstrumentID(0),
                outcome: number % 2 == 0 ? .yes : .no, side: .buy, orderQty: GateStage.qty("10"),
                price: GateStage.px("0.40"))
        }
        var refused = 0, bounded = 0
        func once() {
            if stage.gate.bounds(for: BasketID(0), orderQtyMin: least, at: now) != nil { bounded += 1 }
            do throws(RiskRefusal) {
                let first = try stage.gate.approve(request, at: now)
                stage.gate.undo(first)
                let second = try stage.gate.approve(request, at: now)
                let id = stage.gate.fired(second)
                stage.gate.settle(id, to: ExecutionExposure())
                stage.gate.release(id, at: now.utc)
            } catch {
                refused += 1
            }
        }
        once()
        let before = CAllocations_count()
        for _ in 0..<100 { once() }
        let spent = CAllocations_count() - before
        #expect(spent == 0, "\(spent) allocations in 100 turns of the gate")
        #expect(refused == 0)
        #expect(bounded == 101)
        var failed = 0
        func begin(_ index: Int) {
            do throws(PositionTracker.Refusal) {
                try tracker.begin(plans[index])
                for leg in 0..<2 {
                    _ = try tracker.add(
                        orders[2 * index + leg], role: .leg, leg: leg, feeMax: .cent, to: plans[index].execution)
                }
            } catch {
                failed += 1
            }
        }
        begin(0)
        let started = CAllocations_count()
        for index in 1..<40 { begin(index) }
        let took = CAllocations_count() - started
        #expect(failed == 0)
        #expect(took == 0, "\(took) allocations in 39 executions")
    }
}
