import Glibc
import Synchronization
import Testing
import Threading
import Trading

@Suite("Outlet")
struct OutletTests {
    /// A thousand bytes with their number.
    private static func line(_ number: Int) -> [UInt8] {
        let head = "\(number) "
        return Array((head + String(repeating: "y", count: 999 - head.utf8.count) + "\n").utf8)
    }

    /// How many lines are accounted for, in order: each is there, or a notice stands in its place.
    private static func counted(_ bytes: [UInt8]) -> (there: Int, told: Int) {
        var (there, told) = (0, 0)
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "dropped" {
                told += Int(words[1]) ?? 0
            } else {
                #expect(Int(words[0]) == there + told && line.utf8.count == 999, "\(line.prefix(20))")
                there += 1
            }
        }
        return (there, told)
    }

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

    @Test(
        "a reader who stops holds nobody up; what is beyond a mebibyte is dropped, counted, and told where it is missing"
    )
    func stopped() throws {
        let ends = try Self.pipe()
        let outlet = Outlet(ends.write, words: { Array("dropped \($0)\n".utf8) }, isGone: {})
        let offered = 5_000
        for number in 0..<offered { outlet.offer(Self.line(number)) }
        let before = outlet.dropped
        #expect(before > 2_500 && before < offered)
        // The reader takes a little, and stops again.
        var first = [UInt8](repeating: 0, count: 1 << 20)
        var count = 0
        while count < first.count / 2 { count += read(ends.read, &first[count], first.count - count) }
        for number in offered..<2 * offered { outlet.offer(Self.line(number)) }
        // It takes nothing: the end does not wait for it either.
        outlet.finish(idle: .milliseconds(20), total: .seconds(1))
        let rest = Mutex<[UInt8]>([])
        let reader = Worker(name: "reader") {
            let all = Self.drain(ends.read)
            rest.withLock { $0 = all }
        }
        outlet.finish(idle: nil, total: .zero)
        close(ends.write)
        reader.join()
        close(ends.read)
        let found = Self.counted(first[..<count] + rest.withLock { $0 })
        #expect(found.told == outlet.dropped && found.there + found.told == 2 * offered && outlet.dropped > before)
    }

    @Test("nobody who reads: said once, and nothing is kept; a full disk: dropped, and the next may be written")
    func gone() throws {
        let ends = try Self.pipe()
        signal(SIGPIPE, SIG_IGN)
        close(ends.read)
        let said = Atomic<Int>(0)
        let isTold = Semaphore()
        let outlet = Outlet(ends.write, words: { Array("\($0)\n".utf8) }) {
            said.wrappingAdd(1, ordering: .relaxed)
            isTold.signal()
        }
        outlet.offer(Self.line(0))
        isTold.wait()
        for number in 0..<5_000 { outlet.offer(Self.line(number)) }
        outlet.finish(idle: nil, total: .zero)
        #expect(said.load(ordering: .relaxed) == 1 && outlet.dropped == 0)
        close(ends.write)

        let full = open("/dev/full", O_WRONLY)
        try #require(full >= 0)
        let disk = Outlet(
            full, words: { Array("\($0)\n".utf8) }, isGone: { Issue.record("a full disk is no reader who left") })
        disk.offer(Self.line(0) + Self.line(1))
        disk.finish(idle: nil, total: .zero)
        #expect(disk.dropped == 2)
        close(full)
    }
}
