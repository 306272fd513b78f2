/// Tells time to the edge of the program. The core never asks: it is told by stamps.
public protocol Timekeeper: Sendable {
    /// Both clocks, read together.
    func now() -> Stamp
}

/// A seeded generator (SplitMix64): jitter and test streams that repeat for the same seed.
@frozen
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// The generator of `seed`.
    @inlinable
    public init(seed: UInt64) { state = seed }

    /// The next number of the sequence.
    @inlinable
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15  // the algorithm counts modulo 2^64
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
