/// Reads an input piece by piece; past its end everything is zero, so that short inputs mean something too.
public struct Cursor {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0

    /// A cursor at the start of `bytes`, which must outlive it.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// True when nothing is left.
    public var isAtEnd: Bool { at >= bytes.count }

    /// The next byte; zero past the end.
    public mutating func byte() -> UInt8 {
        guard at < bytes.count else { return 0 }
        defer { at += 1 }
        return bytes[at]
    }

    /// A number below `limit` from the next byte.
    public mutating func below(_ limit: Int) -> Int { Int(byte()) % limit }

    /// What is left.
    public mutating func rest() -> UnsafeRawBufferPointer {
        defer { at = bytes.count }
        return UnsafeRawBufferPointer(rebasing: bytes[min(at, bytes.count)...])
    }

    /// The next line without its newline; nil at the end.
    public mutating func line() -> UnsafeRawBufferPointer? {
        guard at < bytes.count else { return nil }
        let end = bytes[at...].firstIndex(of: 0x0A) ?? bytes.count
        defer { at = end + 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[at..<end])
    }
}
