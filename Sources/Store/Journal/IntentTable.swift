import Trading

/// Which record has which key: open addressing over memory that is taken once.
///
/// - Bound: twice as many places as the log has records, so that it is never more than half full.
/// - Lane: the hot lane.
struct IntentTable: ~Copyable {
    // Safety: allocated in init, freed in deinit, touched by the owner alone.
    private let places: UnsafeMutablePointer<Place>
    private let mask: Int

    struct Place {
        var high: UInt64
        var low: UInt64
        /// 0: nobody is here. The lowest bit says whether it is a tombstone, the rest is the sequence.
        var mark: UInt64
    }

    /// A table for `capacity` keys.
    init(capacity: Int) {
        var size = 16
        while size < capacity * 2 { size *= 2 }
        places = .allocate(capacity: size)
        places.initialize(repeating: Place(high: 0, low: 0, mark: 0), count: size)
        mask = size - 1
    }

    deinit { places.deallocate() }

    /// The sequence of the record that has the key.
    func sequence(of key: IntentRecord.Key) -> UInt64? {
        let mark = places[find(key)].mark
        return mark == 0 ? nil : mark >> 1
    }

    /// Enters a key that is not there.
    mutating func insert(_ key: IntentRecord.Key, _ sequence: UInt64) {
        places[find(key)] = Place(
            high: key.clOrdID.high, low: key.clOrdID.low, mark: sequence << 1 | (key.isTombstone ? 1 : 0))
    }

    /// Takes a key out, where it still names the record `sequence`.
    mutating func remove(_ key: IntentRecord.Key, _ sequence: UInt64) {
        var hole = find(key)
        guard places[hole].mark >> 1 == sequence, places[hole].mark != 0 else { return }
        // What lies behind moves up, so that no search ends too early.
        var next = (hole + 1) & mask
        while places[next].mark != 0 {
            let home = Self.home(places[next].high, places[next].low) & mask
            if (next &- home) & mask >= (next &- hole) & mask {
                places[hole] = places[next]
                hole = next
            }
            next = (next + 1) & mask
        }
        places[hole].mark = 0
    }

    /// Where the key is, or where it would be.
    private func find(_ key: IntentRecord.Key) -> Int {
        let tombstone: UInt64 = key.isTombstone ? 1 : 0
        var at = Self.home(key.clOrdID.high, key.clOrdID.low) & mask
        while places[at].mark != 0 {
            let place = places[at]
            if place.low == key.clOrdID.low, place.high == key.clOrdID.high, place.mark & 1 == tombstone { return at }
            at = (at + 1) & mask
        }
        return at
    }

    /// Eight ids that follow each other are neighbours, so that both orders of a unit are in memory that is at hand; an
    /// original and its tombstone have the same home.
    private static func home(_ high: UInt64, _ low: UInt64) -> Int {
        // Wraps by intent: a hash.
        let mixed = ((low >> 3) ^ (high << 31 | high >> 33)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 24) << 3 | Int(truncatingIfNeeded: low & 7)
    }
}
