public import Arb
public import Trading

/// What the hot lane hands to the back office.
public enum DecisionEvent: Sendable {
    /// An opportunity was born.
    case born(Opportunity)
    /// One has ended and was judged.
    case ended(Opportunity)
    /// A feed or reader has something to say.
    case note(FeedNotice)
    /// Something about orders, executions, halts.
    case trade(TradeEvent)
}

/// Where decisions leave the engine: into the decision log, and to whoever else wants them.
///
/// - Lane: the hot lane.
final class DecisionDesk: DecisionSink {
    let log: DecisionLog
    private let forward: (DecisionEvent) -> Void

    init(log: DecisionLog, forward: @escaping (DecisionEvent) -> Void) {
        self.log = log
        self.forward = forward
    }

    func born(_ opportunity: Opportunity) {
        log.add(opportunity, .born)
        forward(.born(opportunity))
    }

    func ended(_ opportunity: Opportunity) {
        log.add(opportunity, .ended)
        forward(.ended(opportunity))
    }

    func note(_ notice: FeedNotice) { forward(.note(notice)) }
}
