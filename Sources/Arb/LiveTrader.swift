public import Trading

/// Who trades in a live run: told of everything that is not a book.
///
/// - Lane: the hot lane. Every call of a turn lies between `begin` and `turn` of the same stamp; reports and answers come as
///   plain calls, so that who is given the same calls decides the same.
public protocol LiveTrader: OrderSink {
    /// The instant of the calls that follow: messages of private streams, answers of account reads.
    func begin(at now: Stamp)

    /// What an account read brought.
    func answered(_ answer: AccountAnswer, at now: Stamp)

    /// Markets that were paid, by the venue's own list.
    func settled(_ read: SettlementsRead, at now: Stamp)

    /// So many jobs found a lane's ring full since the start of the run, over all lanes: told when it is news.
    func lanesSpilled(_ jobs: Int, at now: Stamp)

    /// Everything that was there to read has been read: called after every turn that did something, and at `nextDeadline`.
    func turn(at now: Stamp)

    /// The next instant at which `turn` has something to do; nil when nothing is pending.
    var nextDeadline: MonotonicNanos? { get }

    /// The run is asked to end: nothing new is entered; what is open is closed or handed over. Called once.
    func stop(at now: Stamp)

    /// The run has ended, and nothing is sent any more: tasks that wait for orders end with the lane's next jobs.
    func dismiss()

    /// True when nothing is under way; after `stop` the run ends then, or when its time is over.
    var isQuiet: Bool { get }

    /// True while an operator's halt stands: nothing may be ready to leave.
    var isHalted: Bool { get }

    /// True while an entry may be close: lanes that may spin had better.
    func isNear(at now: MonotonicNanos) -> Bool

    /// What it knows of itself, for people; nil where it does not say.
    func status(at now: Stamp) -> TraderStatus?
}

extension LiveTrader {
    /// Not of interest.
    public func settled(_ read: SettlementsRead, at now: Stamp) {}

    /// Not of interest.
    public func lanesSpilled(_ jobs: Int, at now: Stamp) {}

    /// Never.
    public func isNear(at now: MonotonicNanos) -> Bool { false }

    /// Has no tasks.
    public func dismiss() {}

    /// Never halted.
    public var isHalted: Bool { false }

    /// Says nothing.
    public func status(at now: Stamp) -> TraderStatus? { nil }
}
