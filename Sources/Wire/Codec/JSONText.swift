/// Bytes of a key, a string or a number inside the reader's buffer: UTF-8, checked.
///
/// Valid until the next `read` on the reader it came from. Comparing and hashing allocate nothing.
@frozen public struct JSONText {
    // Safety: points into the reader's buffer, see `JSONValue`. At least 64 readable bytes follow the text.
    @usableFromInline let start: UnsafeRawPointer
    /// Bytes.
    public let count: Int

    @inlinable init(start: UnsafeRawPointer, count: Int) {
        self.start = start
        self.count = count
    }

    /// The bytes in place.
    @inlinable public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: start, count: count) }

    /// A copy as a string; allocates above 15 bytes.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// The first eight bytes, little-endian, zero behind the end of a shorter text: one load to tell names apart.
    @inlinable public var word: UInt64 {
        let eight = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
        return count >= 8 ? eight : eight & ((1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1)
    }

    /// A mixing hash of all bytes, the one `SymbolTable` uses; the same in every process.
    @inlinable public var hash64: UInt64 { ByteHash.hash(bytes) }

    /// A non-negative or negative integer in canonical text; `nil` otherwise.
    @inlinable public var integer: Int64? {
        do throws(DecimalFault) { return try DecimalText.integer(bytes, form: .negative) } catch { return nil }
    }

    /// Byte equality with a literal; folds to a few loads and compares.
    @inlinable public static func == (text: JSONText, literal: StaticString) -> Bool {
        text.count == literal.utf8CodeUnitCount && ByteHash.equal(text.start, literal.utf8Start, text.count)
    }

    /// Byte inequality with a literal.
    @inlinable public static func != (text: JSONText, literal: StaticString) -> Bool { !(text == literal) }

    /// For `switch text { case "price": … }`.
    @inlinable public static func ~= (literal: StaticString, text: JSONText) -> Bool { text == literal }

    /// Byte equality.
    @inlinable public static func == (left: JSONText, right: JSONText) -> Bool {
        left.count == right.count && ByteHash.equal(left.start, right.start, left.count)
    }

    /// Byte inequality.
    @inlinable public static func != (left: JSONText, right: JSONText) -> Bool { !(left == right) }

    /// Byte equality with a string; for tests and cold paths. No operator: a literal would choose it.
    public func equals(_ string: String) -> Bool { bytes.elementsEqual(string.utf8) }

    func precedes(_ other: JSONText) -> Bool { bytes.lexicographicallyPrecedes(other.bytes) }
}
