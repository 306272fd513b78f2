import Synchronization
internal import Threading
internal import Trading
internal import Transport

/// Opens the links of one venue on threads of its own: name resolution, connecting and handshakes never happen on the hot
/// lane, and a venue that does not answer keeps no other venue's links waiting.
///
/// - Bound: four threads; as many jobs wait as there are links.
final class Connector: Sendable {
    /// A link that came up, or why it did not.
    struct Attempt: Sendable {
        let link: LinkID
        let generation: UInt64
        let result: Result<WebSocketLink, TransportFault>
    }

    private struct Job: Sendable {
        let link: LinkID
        let generation: UInt64
        let edge: VenueEdge
        let seed: UInt64
    }

    private struct Queue {
        var jobs: [Job] = []
        var ended = false
    }

    private let queue = Mutex<Queue>(Queue())
    private let work = Semaphore()
    private let workers = Mutex<[Worker]>([])
    private let deliver: @Sendable (Attempt) -> Void
    private let timeout: Nanoseconds
    private let cancellation = Cancellation()
    private static let threads = 4

    init(timeout: Nanoseconds = .seconds(10), deliver: @escaping @Sendable (Attempt) -> Void) {
        self.timeout = timeout
        self.deliver = deliver
        workers.withLock { workers in
            for index in 0..<Self.threads {
                // Strong: an owner that is dropped before its end, as on a failing start, must outlive its thread.
                workers.append(Worker(name: "connect-\(index)") { [self] in run() })
            }
        }
    }

    func open(_ link: LinkID, generation: UInt64, edge: VenueEdge, seed: UInt64) {
        queue.withLock { $0.jobs.append(Job(link: link, generation: generation, edge: edge, seed: seed)) }
        work.signal()
    }

    /// Ends the threads; connections under way are given up. Call once.
    func close() {
        cancellation.cancel()
        queue.withLock { queue in
            queue.ended = true
            queue.jobs = []
        }
        for _ in 0..<Self.threads { work.signal() }
        for worker in workers.withLock({ $0 }) { worker.join() }
    }

    private func run() {
        while true {
            work.wait()
            let (job, ended) = queue.withLock { queue in
                (queue.jobs.isEmpty ? nil : queue.jobs.removeFirst(), queue.ended)
            }
            if ended { return }
            guard let job else { continue }
            deliver(Attempt(link: job.link, generation: job.generation, result: connect(job)))
        }
    }

    private func connect(_ job: Job) -> Result<WebSocketLink, TransportFault> {
        let clock = NanoClock()
        let target: LinkTarget
        do {
            target = try job.edge.target(job.link, clock.now().utc)
        } catch {
            return .failure(TransportFault(.url, "no target for the link: \(error)"))
        }
        do throws(TransportFault) {
            return .success(
                try WebSocketLink(
                    url: target.url, headers: target.headers, context: job.edge.context,
                    deadline: clock.now().monotonic + timeout, seed: job.seed, early: job.edge.early,
                    cancellation: cancellation))
        } catch {
            return .failure(error)
        }
    }
}
