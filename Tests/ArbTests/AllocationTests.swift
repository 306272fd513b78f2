import Arb
import CAllocations
import Risk
import Testing
import Trading

/// What a message costs the allocator when it makes no opportunity: nothing.
@Suite("Allocations")
struct AllocationTests {
    #if DEBUG
        private static let isOptimized = false
    #else
        private static let isOptimized = true
    #endif

    /// Allocations of this thread during `body`.
    private func count(_ body: () -> Void) -> UInt64 {
        let before = CAllocations_count()
        body()
        return CAllocations_count() - before
    }

    @Test("the counter counts: a new array is seen")
    func counter() {
        var kept: [Int] = []
        #expect(count { kept = Array(0..<100) } > 0)
        #expect(kept.count == 100)
    }

    @Test(
        "10,000 level changes without an opportunity allocate nothing",
        .enabled(
            if: isOptimized,
            "a debug build copies what release does not; swift test -c release -Xswiftc -enable-testing counts"))
    func quietMessages() throws {
        let stage = try Stage(pairs: (0..<10).map { Stage.pair("p\($0)") }, sets: [Stage.set(legs: 4)])
        for index in 0..<stage.catalog.count { stage.book(index, bids: [(20, 10)], asks: [(70, 10)]) }
        let events: [[BookEvent]] = (0..<stage.catalog.count).map { index in
            let id = InstrumentID(Int32(index))
            return [
                .level(id, .bid, Stage.cents(20 + Int64(index % 3)), Stage.contracts(5)),
                .change(id, .ask, Stage.cents(70), change: Quantity(rawValue: 100)),
                .updated(id, venueStamp: stage.now.utc),
            ]
        }
        let empty: [UInt8] = []
        let links = VenueID.allCases.map { LinkID(venue: $0, index: 0) }
        func play(_ rounds: Int) {
            for _ in 0..<rounds {
                for index in 0..<events.count {
                    let venue = stage.catalog.contracts[index].venue == .kalshi ? 0 : 1
                    stage.feeds[venue].script = events[index]
                    stage.engine.frame(links[venue], empty.span.bytes, at: stage.now)
                }
            }
        }
        play(10)
        let spent = count { play(10_000 / events.count) }
        #expect(stage.engine.counters.frames > 10_000 && stage.sink.births.isEmpty)
        #expect(spent == 0, "\(spent) allocations")
    }
}
