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
}
