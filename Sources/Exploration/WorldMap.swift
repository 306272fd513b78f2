import Simulators
import Trading

/// Which basket and instrument of the core is which of the world: both number them in the order of the pair file.
struct WorldMap {
    private var baskets: [PlantedEdge.Basket] = []
    private var instruments: [[InstrumentID?]]
    private let sets: [SimSet]

    init(_ world: SimWorld) {
        sets = world.sets
        instruments = Array(repeating: [nil, nil], count: world.pairs.count)
        var next: Int32 = 0
        for pair in world.pairs where pair.set == nil {
            baskets += [.pair(pair.index, direction: 0), .pair(pair.index, direction: 1)]
            instruments[pair.index] = [InstrumentID(next), InstrumentID(next + 1)]
            next += 2
        }
        for set in world.sets {
            baskets.append(.set(set.index, isYes: false))
            if set.isExhaustive { baskets.append(.set(set.index, isYes: true)) }
            for member in set.members {
                instruments[member][set.venue] = InstrumentID(next)
                next += 1
            }
        }
    }

    func basket(_ index: Int) -> PlantedEdge.Basket { baskets[index] }

    func instrument(_ pair: Int, _ venue: Int) -> InstrumentID? { instruments[pair][venue] }

    func instruments(of basket: PlantedEdge.Basket) -> [InstrumentID] {
        switch basket {
        case .pair(let index, _): instruments[index].compactMap(\.self)
        case .set(let index, _): sets[index].members.compactMap { instruments[$0][sets[index].venue] }
        }
    }
}
