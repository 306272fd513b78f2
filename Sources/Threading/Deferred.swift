import Synchronization

/// One value that is made on a thread of its own while the caller does something else.
///
/// - Lane: any thread but its own, several at once.
public final class Deferred<Value: Sendable, Failure: Error>: Sendable {
    private let made = Mutex<Result<Value, Failure>?>(nil)
    private let worker = Mutex<Worker?>(nil)
    private let done = Semaphore()

    /// Starts making it.
    public init(name: String, _ make: @escaping @Sendable () throws(Failure) -> Value) {
        worker.withLock { worker in
            worker = Worker(name: name) { [self] in
                let result: Result<Value, Failure>
                do throws(Failure) {
                    result = .success(try make())
                } catch {
                    result = .failure(error)
                }
                made.withLock { $0 = result }
                done.signal()
            }
        }
    }

    /// Waits until it is made.
    ///
    /// - Throws: what kept it from being made.
    public func value() throws(Failure) -> Value {
        finish()
        guard let result = made.withLock({ $0 }) else { preconditionFailure("a thread ended without its result") }
        return try result.get()
    }

    /// Waits until it is made, whatever came of it. Harmless when repeated.
    public func finish() {
        // A turnstile: who gets through lets the next one through.
        done.wait()
        done.signal()
        let running = worker.withLock { worker -> Worker? in
            defer { worker = nil }
            return worker
        }
        running?.join()
    }
}
