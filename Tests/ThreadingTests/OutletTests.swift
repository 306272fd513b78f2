import Glibc
import Synchronization
import Testing
import Threading
import Trading

@Suite("Outlet")
struct OutletTests {
    private static let line = Array(("x" + String(repeating: "y", count: 998) + "\n").utf8)

    private static func pipe() throws -> (read: Int32, write: Int32) {
        let ends = try #require(SystemCalls.pipe())
        for end in [ends.read, ends.write] { _ = fcntl(end, F_SETFL, fcntl(end, F_GETFL) & ~O_NONBLOCK) }
        return ends
    }

    /// Reads until the other end is closed.
    private static func drain(_ descriptor: Int32) -> [UInt8] {
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return all }
            all += chunk[..<count]
        }
    }

    @Test("a reader who stops holds nobody up; what is beyond a mebibyte is dropped, counted and told of")
    func stopped() throws {
        let ends = try Self.pipe()
        let outlet = Outlet(ends.write, words: { "dropped \($0)\n" }, isGone: {})
        let offered = 5_000
        for _ in 0..<offered { outlet.offer(Self.line) }
        let dropped = outlet.dropped
        #expect(dropped > 2_500 && dropped < offered)
        // It takes nothing: the end does not wait for it either.
        outlet.finish(idle: .milliseconds(20), total: .seconds(1))
        let read = Mutex<[UInt8]>([])
        let reader = Worker(name: "reader") {
            let all = Self.drain(ends.read)
            read.withLock { $0 = all }
        }
        outlet.finish(idle: nil, total: .zero)
        close(ends.write)
        reader.join()
        close(ends.read)
        let lines = read.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n")
        #expect(lines.count == offered - dropped + 1)
        #expect(lines.count { $0.count == 999 } == offered - dropped && lines.last == "dropped \(dropped)")
    }

    @Test("lines come whole and in their order, and what was dropped is told where it is missing")
    func order() throws {
        let ends = try Self.pipe()
        let outlet = Outlet(ends.write, words: { "dropped \($0)\n" }, isGone: {})
        for _ in 0..<3_000 { outlet.offer(Self.line) }
        let dropped = outlet.dropped
        var first = [UInt8](repeating: 0, count: 1_200_000)
        var count = 0
        while count < first.count / 2 { count += read(ends.read, &first[count], first.count - count) }
        outlet.offer(Array("after\n".utf8))
        let rest = Mutex<[UInt8]>([])
        let reader = Worker(name: "reader") {
            let all = Self.drain(ends.read)
            rest.withLock { $0 = all }
        }
        outlet.finish(idle: nil, total: .zero)
        close(ends.write)
        reader.join()
        close(ends.read)
        let lines = String(decoding: first[..<count] + rest.withLock { $0 }, as: UTF8.self).split(separator: "\n")
        #expect(lines.suffix(2) == ["dropped \(dropped)", "after"] && lines.count == 3_000 - dropped + 2)
    }

    @Test("nobody who reads: said once, and nothing is kept; a full disk: dropped, and the next may be written")
    func gone() throws {
        let ends = try Self.pipe()
        signal(SIGPIPE, SIG_IGN)
        close(ends.read)
        let said = Atomic<Int>(0)
        let isTold = Semaphore()
        let outlet = Outlet(ends.write, words: { "\($0)\n" }) {
            said.wrappingAdd(1, ordering: .relaxed)
            isTold.signal()
        }
        outlet.offer(Self.line)
        isTold.wait()
        for _ in 0..<5_000 { outlet.offer(Self.line) }
        outlet.finish(idle: nil, total: .zero)
        #expect(said.load(ordering: .relaxed) == 1 && outlet.dropped == 0)
        close(ends.write)

        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        let disk = Outlet(full, words: { "\($0)\n" }, isGone: { Issue.record("a full disk is no reader who went") })
        disk.offer(Self.line + Self.line)
        disk.finish(idle: nil, total: .zero)
        #expect(disk.dropped == 2)
        close(full)
    }
}
