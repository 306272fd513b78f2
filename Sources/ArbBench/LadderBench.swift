import Threading
import Trading

/// One change of one level and the best of its side, on a cent grid and on the finest one.
func runLadderBench(_ floors: Floors, json: Bool) {
    let table = BookTable(units: [.cent, Price(rawValue: 10_000) ?? .cent])
    for (index, name) in ["book.set_best", "book.set_best.fine"].enumerated() {
        let book = table[InstrumentID(Int32(index))]
        let unit = book.bids.unit.rawValue
        var random = SeededGenerator(seed: 3)
        let changes = (0..<4_096).map { _ in
            (
                Price(rawValue: Int64.random(in: 40...60, using: &random) * unit * (index == 0 ? 1 : 100)) ?? .cent,
                Quantity(rawValue: Int64.random(in: 0...9, using: &random) * 1_000_000)
            )
        }
        var figures: [Double] = []
        var sum: Int64 = 0
        for round in 0..<17 {
            let began = NanoClock.monotonic()
            for turn in 0..<250 {
                for (price, quantity) in changes {
                    try? book.bids.set(price, quantity)
                    sum &+= book.bids.highest?.price.rawValue ?? Int64(turn)
                }
            }
            let spent = NanoClock.monotonic() - began
            if round >= 2 { figures.append(Double(spent.rawValue) / Double(250 * changes.count)) }
        }
        var row = Row(name, figures, proof: "sum \(sum != 0 ? "used" : "unused")")
        row.compare(figures, floors["book_set_and_best/1"])
        row.show(json: json)
    }
}
