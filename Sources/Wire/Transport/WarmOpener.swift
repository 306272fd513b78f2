internal import Synchronization
internal import Threading
internal import Trading

/// Opens connections on a thread of its own: names, TCP and TLS take their time away from every lane.
///
/// A name that cannot be looked up is taken to have the addresses that it had; TLS says whether it is the same host.
/// - Bound: one opening at a time, each within its timeout; as many asked for as the pool has places.
final class WarmOpener: Sendable {
    /// What came of one opening.
    struct Arrival: Sendable {
        let place: Int
        let result: Result<TLSStream, TransportFault>
    }

    private let endpoint: Endpoint
    private let context: TLSContext
    private let timeout: Nanoseconds
    private let asked: Mailbox<Int>
    private let arrived: Mailbox<Arrival>
    private let knock = Semaphore()
    private let cancellation = Cancellation()
    private let worker = Mutex<Worker?>(nil)
    private let wake: @Sendable () -> Void
    private let mirroring = Mutex(Mirroring.unasked)
    /// For the last place, which closes and cancels.
    let spares = SpareSockets()
    private let places: Int

    private enum Mirroring { case unasked, asked, done(TLSMirror?) }

    /// An opener; `wake` is called after each opening, on its thread.
    init(
        to endpoint: Endpoint, context: TLSContext, timeout: Nanoseconds, places: Int,
        wake: @escaping @Sendable () -> Void
    ) {
        self.endpoint = endpoint
        self.context = context
        self.timeout = timeout
        self.wake = wake
        self.places = places
        asked = Mailbox(capacity: places)
        arrived = Mailbox(capacity: places)
        worker.withLock { $0 = Worker(name: "opener") { self.run() } }
    }

    /// Asks for a connection for a place that is not waiting for one.
    func ask(_ place: Int) {
        let isTaken = asked.post(place)
        precondition(isTaken, "a place asks once")
        knock.signal()
    }

    /// Asks for the spare sockets that were lent, where there are descriptors for them.
    func refill() { knock.signal() }

    /// True when nothing has arrived.
    var isEmpty: Bool { arrived.isEmpty }

    /// Takes what has arrived.
    func takeAll() -> [Arrival] { arrived.takeAll() }

    /// The pool's mirror; nil until it is made, which the first call asks for, and where it cannot be made.
    func mirror() -> TLSMirror? {
        mirroring.withLock { state in
            switch state {
            case .done(let mirror): return mirror
            case .asked: return nil
            case .unasked:
                state = .asked
                knock.signal()
                return nil
            }
        }
    }

    private func makeMirror() {
        guard mirroring.withLock({ if case .asked = $0 { true } else { false } }) else { return }
        let made = TLSMirror()
        mirroring.withLock { $0 = .done(made) }
    }

    /// Ends the thread and waits for it: at most a tenth of a second, but for a name that is being looked up.
    func stop() {
        cancellation.cancel()
        knock.signal()
        worker.withLock { worker -> Worker? in
            defer { worker = nil }
            return worker
        }?.join()
    }

    private func run() {
        var known: [Endpoint.Address] = []
        while !cancellation.isCancelled {
            knock.wait()
            if spares.isLent { spares.refill() }
            for place in asked.takeAll() where !cancellation.isCancelled {
                let isPosted = arrived.post(Arrival(place: place, result: open(place, &known)))
                precondition(isPosted, "a place waits for one connection")
                wake()
            }
            if !cancellation.isCancelled { makeMirror() }
        }
    }

    private func open(_ place: Int, _ known: inout [Endpoint.Address]) -> Result<TLSStream, TransportFault> {
        do throws(TransportFault) {
            let deadline = NanoClock.monotonic() + timeout
            do throws(TransportFault) { known = try endpoint.addresses() } catch {
                guard error.kind == .resolve, !known.isEmpty else { throw error }
            }
            return .success(
                try TLSStream(
                    to: endpoint, at: known, context: context, deadline: deadline, cancellation: cancellation,
                    spares: place == places - 1 ? spares : nil))
        } catch { return .failure(error) }
    }
}
