import Foundation
import Synchronization
import Testing
import Threading
import Trading

@Suite("Lane")
struct LaneTests {
    private actor Counter {
        private nonisolated let lane: Lane
        nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }
        private var threads: Set<UInt> = []
        init(on lane: Lane) { self.lane = lane }
        func visit() -> Int {
            threads.insert(currentThread())
            return threads.count
        }
    }

    @Test("runs an actor's jobs on its one thread, whichever task asks", arguments: LaneWait.allCases)
    func oneThread(wait: LaneWait) async throws {
        let lane = try Lane(name: "test", wait: wait)
        let worker = Worker(name: "lane") { lane.run { _ in .idle(until: nil) } }
        let counter = Counter(on: lane)
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<64 { group.addTask { await counter.visit() } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts.count == 64)
        #expect(counts.allSatisfy { $0 == 1 })
        lane.stop()
        worker.join()
    }

    @Test("wakes for its deadline without a job or a socket")
    func deadline() throws {
        let lane = try Lane(name: "test", wait: .park)
        let start = NanoClock.monotonic()
        let due = start + .milliseconds(30)
        lane.run { _ in
            if NanoClock.monotonic() >= due { lane.stop() }
            return .idle(until: due)
        }
        #expect(NanoClock.monotonic() >= due)
    }

    @Test("a parked lane is woken by a job from another thread")
    func wake() async throws {
        let lane = try Lane(name: "test", wait: .park)
        let worker = Worker(name: "lane") { lane.run { _ in .idle(until: nil) } }
        let counter = Counter(on: lane)
        for _ in 0..<100 { #expect(await counter.visit() == 1) }
        lane.stop()
        worker.join()
    }

    @Test("a pinned lane has its processor alone: threads that it makes, or that were there, keep off it until it ends")
    func pinned() throws {
        let processor = try #require(Machine.processor(fromLast: 0))
        #expect(Machine.processor(fromLast: Machine.processors) == nil)
        let others = max(1, Machine.processors - 1)
        let lane = try Lane(name: "pinned", wait: .park, processor: processor)
        let seen = Mutex<[String: Int]>([:])
        let (isPinned, isOver) = (Semaphore(), Semaphore())
        let before = Worker(name: "before") {
            isPinned.wait()
            seen.withLock { $0["before"] = Machine.processorsOfThread }
            isOver.signal()
        }
        let thread = Worker(name: "pinned") {
            lane.run { _ in
                isPinned.signal()
                isOver.wait()
                let child = Worker(name: "child") {
                    seen.withLock { $0["child"] = Machine.processorsOfThread }
                }
                child.join()
                seen.withLock { $0["lane"] = Machine.processorsOfThread }
                lane.stop()
                return .idle(until: nil)
            }
            seen.withLock { $0["after"] = Machine.processorsOfThread }
        }
        thread.join()
        before.join()
        #expect(
            seen.withLock { $0 } == ["before": others, "child": others, "lane": 1, "after": Machine.processors])
    }
}

@Suite("Semaphore")
struct SemaphoreTests {
    @Test("times out when nobody signals and returns when somebody does")
    func timeout() {
        let semaphore = Semaphore()
        #expect(!semaphore.wait(timeout: .milliseconds(5)))
        semaphore.signal()
        #expect(semaphore.wait(timeout: .milliseconds(5)))
        let worker = Worker(name: "signaller") { semaphore.signal() }
        semaphore.wait()
        worker.join()
    }

    @Test("a wait has its end on the monotonic clock: a wall clock that is set back makes none longer")
    func wallClock() throws {
        let semaphore = Semaphore()
        let place = Mutex("")
        let named = Semaphore()
        let sleeper = Worker(name: "sleeper") {
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
            place.withLock { $0 = own ?? "" }
            named.signal()
            _ = semaphore.wait(timeout: .seconds(20))
        }
        defer {
            semaphore.signal()
            sleeper.join()
        }
        named.wait()
        // The system's own words: number of the call (futex: 202, or 98 on other processors), address, operation and flags.
        let path = "/proc/\(place.withLock { $0 })/syscall"
        let end = NanoClock.monotonic() + .seconds(10)
        var words: [Substring] = []
        while words.count < 3 || !["202", "98"].contains(words[0]), NanoClock.monotonic() < end {
            words = try String(contentsOfFile: path, encoding: .utf8).split(separator: " ")
        }
        let operation = try #require(words.count > 2 ? Int(words[2].dropFirst(2), radix: 16) : nil)
        let isOnWallClock = operation & 0x100 != 0
        #expect(!isOnWallClock, "futex \(words)")
    }
}

@Suite("NanoClock")
struct NanoClockTests {
    @Test("never runs backwards and both clocks advance")
    func forward() {
        let clock = NanoClock()
        var last = clock.now()
        for _ in 0..<10_000 {
            let next = clock.now()
            #expect(next.monotonic >= last.monotonic)
            last = next
        }
        #expect(last.utc.rawValue > 1_700_000_000_000_000_000)
    }
}
