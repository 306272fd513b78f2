public import Arb
public import Trading

/// A running engine at one instant, for boards and status files.
public struct LiveStatus: Sendable {
    /// One connection.
    public struct Link: Sendable, Hashable {
        /// Which connection.
        public let link: LinkID
        /// True while it is up.
        public let isUp: Bool
        /// Why it is down; empty while it is up or was never tried.
        public let reason: String
        /// Messages received since the start.
        public let frames: UInt64
        /// Times it came up.
        public let opens: UInt64
    }

    /// The engine.
    public let engine: EngineStatus
    /// The connections, in order of venue and index.
    public let links: [Link]
    /// REST requests under way.
    public let requests: Int
    /// Messages per second since the status before.
    public let framesPerSecond: Int
    /// Who trades; nil in a dry run.
    public let trader: TraderStatus?
    /// Outcome sets on paper, a model; nil where none are traded.
    public let sets: PaperSets.Status?
}
