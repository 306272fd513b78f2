/// What the engine has done since its start; plain counts, copied out between inputs.
public struct EngineCounters: Sendable, Hashable {
    /// Text messages taken in.
    public internal(set) var frames: Int64 = 0
    /// Book events applied.
    public internal(set) var events: Int64 = 0
    /// Trades printed by the venues.
    public internal(set) var trades: Int64 = 0
    /// Times a book became void.
    public internal(set) var voids: Int64 = 0
    /// Candidates whose book was not proved.
    public internal(set) var unverified: Int64 = 0
    /// Candidates that waited because messages were read late.
    public internal(set) var putOff: Int64 = 0
    /// Candidates without terms or fees.
    public internal(set) var blocked: Int64 = 0
    /// Opportunities born.
    public internal(set) var born: Int64 = 0
    /// Opportunities over and judged.
    public internal(set) var ended: Int64 = 0
    /// Notices to the operator.
    public internal(set) var notices: Int64 = 0
}
