import CLinux
import Glibc

/// A named thread that runs one body and can be joined.
public final class Worker: @unchecked Sendable {
    // Safety: `thread` is written before the initialiser returns and read by `join` alone.
    private var thread = pthread_t()

    private final class Body {
        let run: @Sendable () -> Void
        let name: String
        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread called `name` (at most 15 bytes are shown by the system).
    public init(name: String, _ run: @escaping @Sendable () -> Void) {
        let body = Unmanaged.passRetained(Body(name: name, run: run))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                CLinux_unpin()  // a thread made by a pinned lane has the lane's core, and is to keep off it
                CLinux_name_thread(String(body.name.prefix(15)))
                body.run()
                return nil
            }, body.toOpaque())
        precondition(status == 0, "the system has no thread left")
    }

    /// Waits for the body to end. Call once.
    public func join() { pthread_join(thread, nil) }
}
