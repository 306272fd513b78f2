import Synchronization
internal import Threading

/// Cold work that a command waits for: the body runs on the shared pool, the caller sleeps until it is done.
public enum Waiting {
    /// What `body` gives.
    public static func on<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) -> Result {
        let box = Box<Result>()
        let done = Semaphore()
        Task {
            let result = await body()
            box.value.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        guard let result = box.value.withLock({ $0 }) else { preconditionFailure("signalled after the result") }
        return result
    }

    private final class Box<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }
}
