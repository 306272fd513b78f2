import Synchronization
internal import Threading
internal import Trading

/// One TLS connection that is opened before anybody asks for it: while a starting program still reads its files.
///
/// - Lane: made anywhere, taken on a cold thread; a connection that nobody takes is closed with the object or by `close`.
public final class EarlyDial: Sendable {
    private let endpoint: Endpoint?
    private let begun = NanoClock.monotonic()
    private let made = Mutex<TLSStream?>(nil)
    private let worker = Mutex<Worker?>(nil)
    private let cancellation = Cancellation()
    /// A server may think little of a client that connects and says nothing: an older connection is not used.
    private static let ageMax = Nanoseconds.seconds(2)

    /// Starts to connect. What goes wrong is not told: who needs the connection opens one and learns it then.
    ///
    /// - Parameter url: whose host and port are connected to.
    public init(url: String, context: TLSContext) {
        endpoint = try? Endpoint(url)
        guard let endpoint else { return }
        worker.withLock { worker in
            worker = Worker(name: "dial") { [self] in
                let stream = try? TLSStream(
                    to: endpoint, context: context, deadline: begun + Self.ageMax, cancellation: cancellation)
                made.withLock { $0 = stream }
            }
        }
    }

    /// The connection, once; waits while it is being opened.
    ///
    /// - Returns: nil for another host or port, when it was taken, did not come up, or is older than two seconds.
    func take(for endpoint: Endpoint) -> TLSStream? {
        guard let own = self.endpoint, own.host == endpoint.host, own.port == endpoint.port else { return nil }
        guard let running = takeWorker() else { return nil }
        running.join()
        let stream = made.withLock { made -> TLSStream? in
            defer { made = nil }
            return made
        }
        return NanoClock.monotonic() - begun < Self.ageMax ? stream : nil
    }

    /// Ends what nobody took. Harmless when repeated.
    public func close() {
        guard let running = takeWorker() else { return }
        cancellation.cancel()
        running.join()
        made.withLock { $0 = nil }
    }

    private func takeWorker() -> Worker? {
        worker.withLock { worker in
            defer { worker = nil }
            return worker
        }
    }
}
