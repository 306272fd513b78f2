/// 128 bits for a name of a venue's: to know it again without keeping its text.
///
/// Thousands of texts that live for minutes among what lives for moments keep a heap full of holes, and over the length of
/// a venue's texts we have no say. The bits are hashed with keys of this process: nobody outside can choose two names that
/// share them, and they mean nothing in another run.
public struct NameMark: Hashable, Sendable {
    /// The first half.
    public let high: Int
    /// The second half, independent of the first.
    public let low: Int

    /// The mark of a name; equal names have equal marks.
    public init(_ name: some Hashable) {
        var hasher = Hasher()
        hasher.combine(name)
        // The same hash of a longer text: the second half is independent of the first.
        var longer = hasher
        longer.combine(UInt8(1))
        high = hasher.finalize()
        low = longer.finalize()
    }
}
