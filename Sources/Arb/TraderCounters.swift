/// Counts since the start; each is bounded by frames or executions.
public struct TraderCounters: Hashable, Sendable {
    /// Executions begun.
    public var fired: UInt64 = 0
    /// Of them: ended, every leg filled as planned.
    public var filled: UInt64 = 0
    /// Offers that were not fired.
    public var refused: UInt64 = 0
    /// Executions of which contracts stood alone.
    public var residuals: UInt64 = 0
    /// Closing orders sent.
    public var closes: UInt64 = 0
    /// Residuals that could not be closed in time.
    public var stuck: UInt64 = 0
    /// Pairs halted.
    public var pairHalts: UInt64 = 0
    /// Account reads that failed.
    public var readsFailed: UInt64 = 0
    /// Boxes of which both legs were sold before their time.
    public var earlyCloses: UInt64 = 0
    /// Orders and contracts that are not ours.
    public var foreign: UInt64 = 0
    /// Legs made anew for the version that their market has now.
    public var rebuilt: UInt64 = 0
    /// Tombstones that were sent again, for nobody knew what had become of them.
    public var tombstonesAgain: UInt64 = 0
    /// Reads of cash that nothing of ours explains.
    public var cashDrifts: UInt64 = 0
    /// Executions that are over and were forgotten.
    public var forgotten: UInt64 = 0

    /// Walks of a fire that was none.
    public var rehearsed: UInt64 = 0
    /// Of them: ended before the last step, because something of it refused.
    public var rehearsalsCut: UInt64 = 0

    /// None.
    public init() {}
}
