import CLinux

/// CRC-32C (Castagnoli), by the processor's own instruction where it has one.
///
/// - Source: RFC 3720, appendix B.4 (test vectors).
public enum CRC32C {
    /// The checksum of bytes. Allocates nothing.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CLinux_crc32c(bytes.baseAddress, bytes.count)
    }

    /// The same by table, as on a processor without the instruction.
    static func byTable(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CLinux_crc32c_table(bytes.baseAddress, bytes.count)
    }

    /// The checksum of the checksums of both halves, the first a whole number of words: finds the same damage in half the
    /// time. Allocates nothing.
    public static func ofHalves(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CLinux_crc32c_halves(bytes.baseAddress, bytes.count)
    }

    /// The same by table.
    static func ofHalvesByTable(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        CLinux_crc32c_halves_table(bytes.baseAddress, bytes.count)
    }
}
