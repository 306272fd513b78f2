import Arb
import Synchronization
import Testing
import Threading
import Trading

@Suite("Claims on instruments")
struct InFlightTests {
    private func legs(_ indices: Int32...) -> [BasketLeg] {
        indices.map { BasketLeg(instrument: InstrumentID($0), outcome: .yes) }
    }

    @Test("a claim takes every leg, excludes whoever shares one, and gives all back")
    func excludes() throws {
        let flight = InFlight(instruments: 1_000)
        let first = try #require(flight.claim(legs(700, 3)))
        #expect(flight.isClaimed(InstrumentID(3)) && flight.isClaimed(InstrumentID(700)) && flight.count == 2)
        #expect(flight.claim(legs(3, 700)) == nil, "the other direction is the same markets")
        #expect(flight.claim(legs(2, 700)) == nil && !flight.isClaimed(InstrumentID(2)), "what was taken is given back")
        #expect(flight.claim(legs(3, 999)) == nil && !flight.isClaimed(InstrumentID(999)))
        let other = try #require(flight.claim(legs(2, 999)))
        #expect(flight.release(first, legs(700, 3)) && flight.count == 2)
        #expect(!flight.release(first, legs(700, 3)), "a claim ends once")
        #expect(flight.release(other, legs(2, 999)) && flight.count == 0)
    }

    @Test("a claim that ended frees nothing that another holds now")
    func generations() throws {
        let flight = InFlight(instruments: 10)
        let old = try #require(flight.claim(legs(1, 2)))
        flight.release(old, legs(1, 2))
        let new = try #require(flight.claim(legs(1, 2)))
        #expect(!flight.release(old, legs(1, 2)) && flight.count == 2 && old != new)
    }

    @Test(
        "any number of instruments: none beyond a mask skips the claim", arguments: [1, 63, 64, 65, 512, 513, 100_000])
    func capacity(count: Int) throws {
        let flight = InFlight(instruments: count)
        let last = Int32(count - 1)
        let claim = try #require(flight.claim(legs(last)))
        #expect(flight.claim(legs(last)) == nil && flight.isClaimed(InstrumentID(last)))
        #expect(flight.release(claim, legs(last)) && flight.claim(legs(last)) != nil)
    }

    @Test("an instrument named twice is one claim")
    func twice() throws {
        let flight = InFlight(instruments: 4)
        let claim = try #require(flight.claim(legs(2, 2)))
        #expect(flight.count == 1 && flight.release(claim, legs(2, 2)) && flight.count == 0)
    }

    @Test("threads that fight over few markets: never two owners of one, and nothing is left behind")
    func race() {
        let flight = InFlight(instruments: 6)
        let held = Witness(6)
        let workers = (0..<4).map { seed in
            Worker(name: "claim-\(seed)") {
                var random = SeededGenerator(seed: UInt64(seed))
                for _ in 0..<20_000 {
                    let mine = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                        BasketLeg(instrument: InstrumentID(Int32.random(in: 0..<6, using: &random)), outcome: .yes)
                    }
                    guard let claim = flight.claim(mine) else { continue }
                    held.enter(mine)
                    held.leave(mine)
                    flight.release(claim, mine)
                }
            }
        }
        for worker in workers { worker.join() }
        #expect(held.collisions == 0 && flight.count == 0)
    }
}

/// Counts owners of each instrument without help from what it watches.
private final class Witness: Sendable {
    private let state: Mutex<(counts: [Int], collisions: Int)>
    init(_ count: Int) { state = Mutex(([Int](repeating: 0, count: count), 0)) }
    var collisions: Int { state.withLock { $0.collisions } }

    func enter(_ legs: [BasketLeg]) {
        state.withLock { state in
            for index in Set(legs.map { Int($0.instrument.index) }) {
                state.counts[index] += 1
                if state.counts[index] > 1 { state.collisions += 1 }
            }
        }
    }

    func leave(_ legs: [BasketLeg]) {
        state.withLock { state in for index in Set(legs.map { Int($0.instrument.index) }) { state.counts[index] -= 1 } }
    }
}
