import Testing
import Trading

@Suite("Ladder and Book")
struct LadderTests {
    @Test(
        "equals a slow dictionary on seeded random streams, on every kind of grid",
        arguments: [10_000, 50_000, 100_000, 200_000, 250_000, 500_000, 1_000_000, 10_000_000] as [Int64])
    func oracle(unit: Int64) throws {
        let table = BookTable(units: [try #require(Price(rawValue: unit))])
        let ladder = table[InstrumentID(0)].bids
        var oracle: [Int64: Int64] = [:]
        var random = SeededGenerator(seed: UInt64(unit))
        let ticks = 100_000_000 / unit
        for step in 0..<6_000 {
            let raw = Int64.random(in: 1..<ticks, using: &random) * unit
            let price = try #require(Price(rawValue: raw))
            if Bool.random(using: &random) {
                let size = Int.random(in: 0..<3, using: &random) == 0 ? 0 : Int64.random(in: 1...1_000, using: &random)
                try ladder.set(price, Quantity(rawValue: size))
                oracle[raw] = size > 0 ? size : nil
            } else {
                let change = Int64.random(in: -500...500, using: &random)
                let expected = (oracle[raw] ?? 0) + change
                if expected < 0 {
                    #expect(throws: LadderFault.size) { try ladder.add(price, change: Quantity(rawValue: change)) }
                } else {
                    try ladder.add(price, change: Quantity(rawValue: change))
                    oracle[raw] = expected > 0 ? expected : nil
                }
            }
            #expect(ladder.highest?.price.rawValue == oracle.keys.max())
            #expect(ladder.lowest?.price.rawValue == oracle.keys.min())
            #expect(ladder.levels == oracle.count)
            #expect(ladder.quantity(at: price).rawValue == oracle[raw] ?? 0)
            #expect(ladder.below(price)?.price.rawValue == oracle.keys.filter { $0 < raw }.max())
            #expect(ladder.above(price)?.price.rawValue == oracle.keys.filter { $0 > raw }.min())
            if step % 1_500 == 1_499 {
                ladder.removeAll()
                oracle = [:]
                #expect(ladder.isEmpty)
            }
        }
    }

    @Test(
        "refuses prices that are no ticks and sizes that cannot be, and stays as it was",
        arguments: [0, 5_000, 100_000_000, 100_010_000] as [Int64])
    func refusals(raw: Int64) throws {
        let table = BookTable(units: [try #require(Price(rawValue: 10_000))])
        let ladder = table[InstrumentID(0)].asks
        #expect(throws: LadderFault.offGrid) {
            try ladder.set(try #require(Price(rawValue: raw)), Quantity(rawValue: 1))
        }
        #expect(throws: LadderFault.size) {
            try ladder.set(try #require(Price(rawValue: 10_000)), Quantity(rawValue: -1))
        }
        try ladder.set(try #require(Price(rawValue: 10_000)), Quantity(rawValue: .max))
        #expect(throws: LadderFault.size) {
            try ladder.add(try #require(Price(rawValue: 10_000)), change: Quantity(rawValue: 1))
        }
        #expect(ladder.levels == 1)
    }

    @Test("the finest grid that is accepted fits a ladder from its first price to its last")
    func finest() throws {
        let grid = try TickGrid(step: try #require(Price(rawValue: TickGrid.unitMin)))
        let table = BookTable(units: [grid.unit])
        defer { withExtendedLifetime(table) {} }
        let ladder = table[InstrumentID(0)].bids
        let ends = [try #require(grid.ceil(.zero)), try #require(grid.floor(.one))]
        for price in ends {
            try ladder.set(price, Quantity(rawValue: 1))
            #expect(ladder.highest?.price == price && ladder.quantity(at: price).rawValue == 1)
        }
        #expect(ladder.lowest?.price == ends[0] && ladder.levels == 2)
        ladder.removeAll()
        #expect(ladder.isEmpty)
    }

    @Test("what a voided book held is gone, and its memory holds nothing when the next book takes it")
    func voided() throws {
        let table = BookTable(units: [.cent, .cent])
        defer { withExtendedLifetime(table) {} }
        let (first, second) = (table[InstrumentID(0)], table[InstrumentID(1)])
        for cents in [1, 40, 70, 99] as [Int64] {
            try first.bids.set(try #require(Price(rawValue: cents * 1_000_000)), Quantity(rawValue: 7))
        }
        first.void()
        #expect(first.bids.isEmpty && first.bids.levels == 0)
        try second.asks.set(try Price(decimal: "0.71"), Quantity(rawValue: 3))
        try second.bids.set(try Price(decimal: "0.02"), Quantity(rawValue: 4))
        let (low, middle, high) = (try Price(decimal: "0.01"), try Price(decimal: "0.40"), try Price(decimal: "0.70"))
        #expect(second.asks.levels == 1 && second.asks.quantity(at: high) == .zero)
        #expect(second.bids.levels == 1 && second.bids.quantity(at: low) == .zero)
        try first.bids.set(middle, Quantity(rawValue: 5))
        #expect(first.bids.highestPrice == middle && first.bids.levels == 1)
    }

    @Test("a book is crossed when a bid stands at or above an ask, and void clears it into a new epoch")
    func crossed() throws {
        let table = BookTable(units: [.cent])
        let book = table[InstrumentID(0)]
        try book.bids.set(try Price(decimal: "0.40"), Quantity(rawValue: 1))
        #expect(!book.isCrossed)
        try book.asks.set(try Price(decimal: "0.41"), Quantity(rawValue: 1))
        #expect(!book.isCrossed)
        try book.bids.set(try Price(decimal: "0.41"), Quantity(rawValue: 1))
        #expect(book.isCrossed)
        let epoch = book.epoch
        book.void()
        #expect(book.status == .void && book.bids.isEmpty && book.asks.isEmpty && book.epoch == epoch + 1)
        book.clear(unit: try Price(decimal: "0.0001"))
        try book.bids.set(try Price(decimal: "0.4001"), Quantity(rawValue: 5))
        #expect(book.bids.highest?.price == (try Price(decimal: "0.4001")))
    }
}
