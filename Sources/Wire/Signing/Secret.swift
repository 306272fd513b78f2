import COpenSSL
import Glibc

/// Bytes that must not leave the process: they cannot be printed, are kept out of swap where the system allows it, and
/// are overwritten when they are let go.
public final class Secret: @unchecked Sendable {
    // Safety: written in the initialiser only, read through `withBytes`, erased and freed in `deinit`.
    private let bytes: UnsafeMutableRawBufferPointer

    /// Keeps a copy of `source`; the caller erases its own.
    public init(_ source: UnsafeRawBufferPointer) {
        bytes = .allocate(byteCount: max(1, source.count), alignment: 16)
        bytes.copyMemory(from: source)
        mlock(bytes.baseAddress, bytes.count)
        count = source.count
    }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        munlock(bytes.baseAddress, bytes.count)
        bytes.deallocate()
    }

    /// Number of bytes.
    public let count: Int

    /// Lends the bytes for the time of the call.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        try body(UnsafeRawBufferPointer(rebasing: bytes[0..<count]))
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
