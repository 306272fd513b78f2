internal import Synchronization
internal import Trading

/// Where a place of the pool stands. Whoever moved it there owns the connection.
enum WarmState: UInt64 {
    /// No connection. The lane's.
    case vacant
    /// Open and idle: nobody's, whoever moves it away owns it.
    case idle
    /// The lane looks at it.
    case checking
    /// A ticket's holder owns it.
    case held
    /// A request is in flight. The lane's.
    case busy
    /// A reserver found it bad. The lane's, to give up.
    case doomed
}

/// One place of the pool: at most one connection, and a word that says whose it is.
final class WarmSlot: @unchecked Sendable {
    // Safety: `connection` and `doom` belong to whoever moved `word` (with acquire and release); everything below the line
    // is the lane's alone.
    private let word = Atomic<UInt64>(0)
    var connection: WarmConnection?
    var doom = RetireReason.closed
    // Lane only.
    var successor: WarmConnection?
    var isOpening = false
    var openAt: MonotonicNanos
    var exerciseAt: MonotonicNanos
    var lookAt: MonotonicNanos
    var isReady = false
    var isExercise = false
    var isWaitingForRoom = false
    /// The use whose request left before anybody waited for its answer.
    var departed: UInt64?
    var backoff: Backoff
    var continuation: UnsafeContinuation<WireOutcome, Never>?

    init(backoff: Backoff, at now: MonotonicNanos) {
        self.backoff = backoff
        openAt = now
        exerciseAt = now
        lookAt = now
    }

    /// State and generation.
    @inline(__always) var now: (state: WarmState, generation: UInt64) {
        let word = word.load(ordering: .acquiring)
        return (WarmState(rawValue: word & 7) ?? .vacant, word >> 3)
    }

    /// Moves on if nobody else did.
    @inline(__always)
    func move(_ from: WarmState, _ generation: UInt64, to: WarmState, _ next: UInt64) -> Bool {
        word.compareExchange(
            expected: generation << 3 | from.rawValue, desired: next << 3 | to.rawValue,
            ordering: .acquiringAndReleasing
        ).exchanged
    }

    /// Moves on; the caller owns the place.
    @inline(__always)
    func set(_ state: WarmState, _ generation: UInt64) {
        word.store(generation << 3 | state.rawValue, ordering: .releasing)
    }
}

/// Counts that any thread may read.
final class WarmCounters: Sendable {
    let opened = Atomic<Int>(0)
    let openFailed = Atomic<Int>(0)
    let exchanges = Atomic<Int>(0)
    let answered = Atomic<Int>(0)
    let lost = Atomic<Int>(0)
    let notSent = Atomic<Int>(0)
    let exercises = Atomic<Int>(0)
    let exercisesSkipped = Atomic<Int>(0)
    let starved = Atomic<Int>(0)
    let retired: [WarmCounter] = RetireReason.allCases.map { _ in WarmCounter() }
    let lastFault = Mutex<TransportFault?>(nil)
}

/// One count.
final class WarmCounter: Sendable {
    let value = Atomic<Int>(0)
}

extension Atomic where Value == Int {
    @inline(__always) func count() { wrappingAdd(1, ordering: .relaxed) }
    @inline(__always) var current: Int { load(ordering: .relaxed) }
}
