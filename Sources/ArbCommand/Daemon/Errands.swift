import Arb
import Assembly
import Trading

/// One `close-exposure` that goes on: begun on the hot lane, looked at by the clock's thread until it is over.
struct Sweep: Sendable {
    let order: SweepOrder
    let executions: [ExecutionID]
    let deadline: MonotonicNanos
    var nextLook: MonotonicNanos
    let answer: @Sendable (SweepReport) -> Void
}

/// Something that the hot lane is asked about again and again, until it is so or too late.
struct Watch: Sendable {
    let deadline: MonotonicNanos
    var nextLook: MonotonicNanos
    /// On the hot lane; true when it is answered.
    let look: @Sendable (_ now: Stamp, _ isLate: Bool) -> Bool
}
