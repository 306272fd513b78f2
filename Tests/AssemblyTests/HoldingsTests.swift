import Testing
import Trading

@testable import Assembly

@Suite("What was held at an earlier read")
struct HoldingsTests {
    private func position(_ token: String, _ quantity: Int64) -> VenuePosition {
        VenuePosition(
            venue: .polymarket, symbol: "0x\(token)", token: token, outcome: .yes,
            quantity: Quantity(rawValue: quantity))
    }

    @Test("each token is found by its name, and by no other; what has no token is left out")
    func tokens() {
        let start = UTCNanos(rawValue: 1)
        let names = (0..<500).map { "\($0)00000000000000000000000000000000000000000000000000000000000000000000000000" }
        let held = Memory.Holdings(
            asOf: start, landed: start,
            positions: names.enumerated().map { position($0.element, Int64($0.offset)) } + [position("", 7)])
        for (index, name) in names.enumerated() { #expect(held[name] == Quantity(rawValue: Int64(index))) }
        #expect(held[""] == nil && held["1"] == nil && held[names[1] + "1"] == nil)
        #expect(Memory.Holdings(asOf: start, landed: start, positions: [])["1"] == nil)
    }

    @Test(
        "the oldest read becomes the newest: nothing of what it was is left, and whoever has a copy keeps it as it was")
    func becomes() {
        let (first, second) = (UTCNanos(rawValue: 1), UTCNanos(rawValue: 9))
        var held = Memory.Holdings(asOf: first, landed: first, positions: [position("11", 4), position("22", 5)])
        let copy = held
        held.become(asOf: second, landed: second, positions: [position("22", 6), position("", 1)])
        #expect(
            held["11"] == nil && held["22"] == Quantity(rawValue: 6) && held.asOf == second && held.landed == second)
        #expect(copy["11"] == Quantity(rawValue: 4) && copy["22"] == Quantity(rawValue: 5) && copy.landed == first)
    }
}
