import Glibc
import Synchronization
import Testing
import Threading
import Trading

/// A lane that spins takes turn after turn; one that is parked takes one a second.
@Suite("A lane that is armed", .serialized)
struct LaneArmTests {
    /// Turns until there are `most`, or the time is over.
    private func turns(_ lane: Lane, arm: Bool, most: Int, within time: Nanoseconds) -> Int {
        let turns = Atomic<Int>(0)
        let end = NanoClock.monotonic() + time
        lane.arm(arm)
        lane.run { _ in
            let count = turns.add(1, ordering: .relaxed).newValue
            if count >= most || NanoClock.monotonic() >= end { lane.stop() }
            return .idle(until: end)
        }
        return turns.load(ordering: .relaxed)
    }

    @Test("spins while it is armed and parks while it is not; one that parks by order never spins")
    func shares() throws {
        let short = Nanoseconds.milliseconds(400)
        // Fifty microseconds of turns, then the wait, and its last part of a millisecond in turns again.
        let idle = turns(try Lane(name: "idle"), arm: false, most: 100_000, within: short)
        let parked = turns(try Lane(name: "parked", wait: .park), arm: true, most: 100_000, within: short)
        #expect(idle < 20_000 && parked < 20_000, "\(idle) \(parked)")
        // A machine that is busy gives a lane that yields little time, but it does not sleep.
        #expect(turns(try Lane(name: "armed"), arm: true, most: 100_000, within: .seconds(60)) == 100_000)
    }

    @Test("disarming parks it again, and a job still comes through")
    func disarmed() async throws {
        let lane = try Lane(name: "armed")
        let thread = Worker(name: "armed") { lane.run { _ in .idle(until: nil) } }
        for isArmed in [true, false, true, false] {
            lane.arm(isArmed)
            await Task(executorPreference: lane) { #expect(lane.isCurrent) }.value
        }
        lane.stop()
        thread.join()
    }
}
