import COpenSSL
import Glibc

/// Bytes that must not leave the process: they cannot be printed, are kept out of swap and of core dumps where the
/// system allows it, and are overwritten when they are let go.
public final class Secret: @unchecked Sendable {
    // Safety: written in the initialiser, read through `withBytes`, erased and freed in `deinit`; who asked for zeros writes
    // them under a lock of his own. The pages are its own: unlocking them unlocks nobody else's.
    private let pages: UnsafeMutableRawBufferPointer
    /// Number of bytes.
    public let count: Int

    /// Exactly `room` bytes, which `fill` writes.
    private init(room: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        pages = Self.map(room)
        count = room
        fill(UnsafeMutableRawBufferPointer(rebasing: pages[..<room]))
    }

    /// Room for `capacity` bytes, which `fill` writes; it answers how many they are, or `nil` to give up.
    init?(capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int?) {
        pages = Self.map(capacity)
        let written = fill(UnsafeMutableRawBufferPointer(rebasing: pages[..<capacity]))
        count = written ?? 0
        guard let written, written <= capacity else { return nil }
    }

    /// Zeros to be written over, under a lock of the one who asks for them.
    init(zeros count: Int) {
        pages = Self.map(count)
        self.count = count
    }

    private static func map(_ capacity: Int) -> UnsafeMutableRawBufferPointer {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let length = (max(1, capacity) + page - 1) / page * page
        let start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let start, start != UnsafeMutableRawPointer(bitPattern: -1) else {
            preconditionFailure("the system has a page for a key")
        }
        mlock(start, length)
        madvise(start, length, MADV_DONTDUMP)
        return UnsafeMutableRawBufferPointer(start: start, count: length)
    }

    /// Keeps a copy of `source`; the caller erases its own.
    public convenience init(_ source: UnsafeRawBufferPointer) {
        self.init(room: source.count) { $0.copyMemory(from: source) }
    }

    deinit {
        OPENSSL_cleanse(pages.baseAddress, pages.count)
        munlock(pages.baseAddress, pages.count)
        munmap(pages.baseAddress, pages.count)
    }

    /// Lends the bytes for the time of the call.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: pages[..<count]))
    }

    /// Lends the bytes of one made of zeros for writing, to the one who holds its lock.
    func withMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) -> R) -> R {
        body(UnsafeMutableRawBufferPointer(rebasing: pages[..<count]))
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Says that there is a secret, and nothing of it.
    public var description: String { "<secret>" }
    /// As `description`.
    public var debugDescription: String { "<secret>" }
    /// No children: `dump` finds nothing.
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
