import CLinux
import Glibc
public import Trading

/// A counting semaphore for threads that wait for work of other threads.
public final class Semaphore: @unchecked Sendable {
    // Safety: the system's semaphore is made for use by many threads; its memory is freed with the object.
    private let handle: UnsafeMutablePointer<sem_t>

    /// A semaphore that stands at zero.
    public init() {
        handle = .allocate(capacity: 1)
        let status = sem_init(handle, 0, 0)
        precondition(status == 0, "a semaphore of value zero can be made")
    }

    deinit {
        sem_destroy(handle)
        handle.deallocate()
    }

    /// Adds one; wakes one waiter.
    public func signal() { sem_post(handle) }

    /// Waits until there is one to take.
    public func wait() { while sem_wait(handle) != 0 {} }

    /// Waits until there is one to take or `timeout` has passed, by the monotonic clock: setting the wall clock makes no
    /// wait longer.
    ///
    /// - Returns: false when the time passed first.
    public func wait(timeout: Nanoseconds) -> Bool {
        CLinux_wait(handle, timeout.rawValue) == 0
    }
}
