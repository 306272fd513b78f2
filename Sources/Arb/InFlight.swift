import Synchronization
public import Trading

/// Who holds which instruments: one bit an instrument, so that no two executions ever trade one market at once.
///
/// Both directions of a pair, and every pair or set that shares a market, exclude each other. A claim is taken whole or
/// not at all, in order of the instruments' indices, by one atomic fetch-or each; each bit carries the generation of its
/// owner, so that a claim that ended before cannot free what another holds now. Nothing here knows of time: a claim ends
/// when its owner has evidence that every leg is over and nothing is left to close (law 2).
/// - Lane: any thread; no locks, no allocation.
/// - Bound: the number of instruments of the catalog, fixed at the start; an index beyond it is our own bug and traps.
public final class InFlight: @unchecked Sendable {
    // Safety: both buffers hold atomics, are allocated once and freed with the object.

    /// What an execution holds. Good for one `release`.
    @frozen
    public struct Claim: Hashable, Sendable {
        /// 1, 2, 3 … of all claims of the run.
        public let generation: UInt64

        /// Holds nothing: of an execution that is made ahead. Never released.
        static let none = Claim(generation: 0)
    }

    /// Instruments that can be claimed.
    public let capacity: Int
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let owners: UnsafeMutablePointer<Atomic<UInt64>>
    private let generations = Atomic<UInt64>(0)
    private var wordCount: Int { (capacity + 63) / 64 }

    /// Nothing is claimed.
    public init(instruments: Int) {
        precondition(instruments >= 0, "a count is not negative")
        capacity = instruments
        let count = max(1, (instruments + 63) / 64)
        words = .allocate(capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
        owners = .allocate(capacity: max(1, instruments))
        for index in 0..<max(1, instruments) { (owners + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: max(1, wordCount))
        words.deallocate()
        owners.deinitialize(count: max(1, capacity))
        owners.deallocate()
    }

    /// Claims every instrument of the legs, or none of them.
    ///
    /// - Returns: nil when another execution holds one of them; what was taken on the way has been given back.
    public func claim(_ legs: [BasketLeg]) -> Claim? {
        let mine = generations.wrappingAdd(1, ordering: .relaxed).newValue  // 2^64 claims outlast the process
        var last: Int32 = -1
        while let index = next(after: last, legs) {
            let (word, bit) = place(index)
            guard words[word].bitwiseOr(bit, ordering: .acquiringAndReleasing).oldValue & bit == 0 else {
                giveBack(mine, legs, below: index)
                return nil
            }
            owners[Int(index)].store(mine, ordering: .releasing)
            last = index
        }
        return last < 0 ? nil : Claim(generation: mine)
    }

    /// Gives every instrument of the legs back that this claim holds; what another holds is left alone.
    ///
    /// - Returns: false when the claim held none of them: it had ended before.
    @discardableResult
    public func release(_ claim: Claim, _ legs: [BasketLeg]) -> Bool {
        giveBack(claim.generation, legs, below: Int32.max) > 0
    }

    /// True while some execution holds the instrument.
    public func isClaimed(_ instrument: InstrumentID) -> Bool {
        let (word, bit) = place(instrument.index)
        return words[word].load(ordering: .acquiring) & bit != 0
    }

    /// Instruments that are held now.
    public var count: Int {
        (0..<wordCount).reduce(0) { $0 + words[$1].load(ordering: .relaxed).nonzeroBitCount }
    }

    @discardableResult
    private func giveBack(_ generation: UInt64, _ legs: [BasketLeg], below end: Int32) -> Int {
        var given = 0
        for leg in legs where leg.instrument.index < end {
            let index = leg.instrument.index
            // Only the owner gets past this line, and only once: the tag is gone before the bit is.
            guard
                owners[Int(index)].compareExchange(
                    expected: generation, desired: 0, ordering: .acquiringAndReleasing
                ).exchanged
            else { continue }
            let (word, bit) = place(index)
            words[word].bitwiseAnd(~bit, ordering: .acquiringAndReleasing)
            given += 1
        }
        return given
    }

    /// The smallest index of the legs beyond `last`: a basket has few legs, and sorting them would allocate.
    private func next(after last: Int32, _ legs: [BasketLeg]) -> Int32? {
        var found: Int32?
        for leg in legs where leg.instrument.index > last { found = min(found ?? .max, leg.instrument.index) }
        return found
    }

    private func place(_ index: Int32) -> (word: Int, bit: UInt64) {
        precondition(index >= 0 && Int(index) < capacity, "an instrument is of this catalog")
        return (Int(index) / 64, 1 << UInt64(index % 64))
    }
}
