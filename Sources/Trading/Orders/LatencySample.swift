/// A stage of an execution that is measured. Its word is that of reports and of `latency_ns`.
public enum LatencyStage: String, Sendable, Hashable, CaseIterable {
    /// The frame's receipt to its end in the parser.
    case parse
    /// Parsed to in the book.
    case book
    /// In the book to sized.
    case decide
    /// Sized to approved: claim, caps, gate.
    case verify
    /// Approved to prepared and recorded.
    case journal
    /// Recorded to the last byte, a leg.
    case send
    /// The frame's receipt to the last byte of the first leg.
    case tickToWire = "tick_to_wire"
    /// Between the last bytes of the first and of the last leg.
    case legSkew = "leg_skew"
    /// Last byte to the complete answer, a leg.
    case ack
    /// Last byte to the end of the order, a leg.
    case fill
    /// The frame's receipt to the last answer.
    case total
}

/// One measured stage of one execution.
public struct LatencySample: Hashable, Sendable {
    /// The stage.
    public let stage: LatencyStage
    /// The venue; nil for what concerns the whole.
    public let venue: VenueID?
    /// How long it took.
    public let duration: Nanoseconds

    /// A sample.
    public init(_ stage: LatencyStage, venue: VenueID? = nil, _ duration: Nanoseconds) {
        self.stage = stage
        self.venue = venue
        self.duration = duration
    }

    /// Every stage of which both ends were stamped. Only orders that left are measured.
    public static func all(of result: ExecutionResult) -> [LatencySample] {
        guard result.kind != .refused else { return [] }
        let stamps = result.stamps
        var samples = [
            LatencySample(.parse, stamps.parsed - stamps.recv), LatencySample(.book, stamps.booked - stamps.parsed),
            LatencySample(.decide, stamps.decided - stamps.booked),
            LatencySample(.verify, stamps.approved - stamps.decided),
            LatencySample(.journal, stamps.journaled - stamps.approved),
        ]
        if let wire = result.tickToWire { samples.append(LatencySample(.tickToWire, wire.first)) }
        if result.legs.count > 1, let skew = result.legSkew { samples.append(LatencySample(.legSkew, skew)) }
        if let total = result.latency { samples.append(LatencySample(.total, total)) }
        for leg in result.legs {
            guard let sent = leg.stamps?.sent else { continue }
            samples.append(LatencySample(.send, venue: leg.venue, sent - stamps.journaled))
            if let acked = leg.stamps?.acked { samples.append(LatencySample(.ack, venue: leg.venue, acked - sent)) }
            if let filled = leg.filled, leg.cumQty.rawValue > 0 {
                samples.append(LatencySample(.fill, venue: leg.venue, filled - sent))
            }
        }
        return samples
    }
}
