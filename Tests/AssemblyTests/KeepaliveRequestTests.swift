import Synchronization
import Testing
import Threading
import Trading
import Transport

@testable import Assembly

@Suite("A connection's sign of life")
struct KeepaliveRequestTests {
    private func request(_ make: @escaping @Sendable (UTCNanos) -> [UInt8]?) -> KeepaliveRequest {
        let request = KeepaliveRequest(cost: 1, limit: RateLimit(name: "reads", capacity: 1_000, refill: 1_000))
        request.begin(make)
        return request
    }

    @Test("it is made when it is old, and no more often")
    func age() {
        let made = Atomic(0)
        let request = request { _ in [UInt8(truncatingIfNeeded: made.add(1, ordering: .relaxed).newValue)] }
        let start = NanoClock.utc()
        for (age, count) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)] as [(Int64, Int)] {
            request.refill(at: start + .seconds(age))
            #expect(made.load(ordering: .relaxed) == count)
        }
        #expect(request.take() == [3])
        #expect(request.take() == [4], "what was taken is made anew at once")
    }

    /// A day has 43,200 of them. Each layer that an access leaves behind is memory that never comes back, and a frame of the
    /// stack that the next call needs.
    @Test("it is made at the same depth of the stack, however often it was made before")
    func depth() {
        let depths = Mutex<[UInt]>([])
        let request = request { _ in
            withUnsafeTemporaryAllocation(byteCount: 16, alignment: 16) { place in
                let address = UInt(bitPattern: place.baseAddress)
                depths.withLock { $0.append(address) }
            }
            return []
        }
        let start = NanoClock.utc()
        for second in 0..<500 as Range<Int64> { request.refill(at: start + .seconds(3 * second)) }
        let seen = depths.withLock { $0 }
        #expect(seen.count == 500 && Set(seen.dropFirst()).count == 1)
    }
}
