internal import Codec
internal import Signing
public import Trading

/// Everything decided in a run, as text and as one hash: two runs with the same inputs have the same hash.
///
/// One line of JSON per birth and per end (`OpportunityJSON`), in order; the hash is SHA-256 over all lines.
/// - Lane: the hot lane.
public final class DecisionLog {
    private let names: BasketNames
    private let digest = Digest(.sha256)
    private var json = JSONWriter(reserved: 4_096)
    private let write: (([UInt8]) -> Void)?

    /// Decisions so far.
    public private(set) var count: UInt64 = 0

    /// A log without decisions; `write` gets every line, newline included.
    public init(names: BasketNames, write: (([UInt8]) -> Void)? = nil) {
        self.names = names
        self.write = write
    }

    /// Adds a birth or an end.
    public func add(_ opportunity: Opportunity, _ phase: OpportunityJSON.Phase) {
        json.reset()
        OpportunityJSON.write(opportunity, phase, names: names, into: &json)
        json.newline()
        digest.update(json.bytes)
        count += 1
        write?(json.bytes)
    }

    /// The hash of all lines, in lower-case hex. Ends the log.
    public func finish() -> String { digest.finishHex() }
}
