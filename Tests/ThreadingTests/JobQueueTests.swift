import Synchronization
import Testing

@testable import Threading

@Suite("A lane's jobs")
struct JobQueueTests {
    @Test("come in the order of their push, also those that the ring had no room for, and those are counted")
    func order() {
        let queue = JobQueue<Int>(capacity: 4)
        #expect(queue.pop() == nil && queue.isEmpty)
        for round in 0..<3 {
            for job in 0..<10 { queue.push(job) }
            #expect(!queue.isEmpty && queue.spilled == 12 * round + 6)
            for job in 0..<7 { #expect(queue.pop() == job) }
            // The list is being worked off, the ring is free: what comes now is younger than all of it.
            for job in 10..<20 { queue.push(job) }
            #expect(queue.spilled == 12 * (round + 1))
            for job in 7..<20 { #expect(queue.pop() == job) }
            #expect(queue.pop() == nil && queue.isEmpty)
            queue.push(-1)
            #expect(queue.pop() == -1)
        }
    }

    @Test("of the list wait for those of the ring, also where the ring filled after the lane had seen it empty")
    func lateLook() {
        let queue = JobQueue<Int>(capacity: 2)
        for job in 0..<3 { queue.push(job) }
        // Where the lane stands that saw an empty ring a moment ago, and now a list.
        #expect(queue.takeList() == nil && !queue.isEmpty)
        for job in 0..<3 { #expect(queue.pop() == job) }
        #expect(queue.pop() == nil && queue.isEmpty && queue.spilled == 1)
    }

    @Test("none is lost or doubled, and each thread's come in its order", arguments: [2, 8, 1024])
    func threads(capacity: Int) {
        let queue = JobQueue<(thread: Int, job: Int)>(capacity: capacity)
        let (threads, each) = (4, 50_000)
        let workers = (0..<threads).map { thread in
            Worker(name: "pusher") { for job in 0..<each { queue.push((thread, job)) } }
        }
        var nextOf = [Int](repeating: 0, count: threads)
        var taken = 0
        while taken < threads * each {
            guard let found = queue.pop() else { continue }
            taken += 1
            guard found.job == nextOf[found.thread] else {
                Issue.record("thread \(found.thread): \(found.job) came where \(nextOf[found.thread]) was due")
                break
            }
            nextOf[found.thread] += 1
        }
        for worker in workers { worker.join() }
        #expect(queue.pop() == nil && queue.isEmpty && nextOf == [Int](repeating: each, count: threads))
    }
}
