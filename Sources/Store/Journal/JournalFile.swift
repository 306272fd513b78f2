import Glibc
import Signing
import Threading
import Trading

/// Whether an intent outlives the process, or the power too.
public enum JournalDurability: String, Sendable, Hashable, CaseIterable {
    /// Survives a killed process; what a power loss can take is named at the next start. Under 0.2 µs.
    case process
    /// Written and synced before `append` returns.
    case power
}

/// The file of the intent log: all its blocks given at the start, mapped into memory, a page of header before the records.
///
/// Three sectors of the header change by themselves: what the file is (never, once made), what the keeper says (written in
/// one call each time, so that a kill leaves the old or the new), and the commit word (one store).
final class JournalFile: @unchecked Sendable {
    // Safety: the mapping and the descriptor live as long as this object; who writes which byte is said at each writer:
    // records and commit word by the hot lane, chain links and the keeper's sector by the keeper's thread.
    let path: String
    let descriptor: Int32
    let capacity: Int
    let base: UnsafeMutableRawPointer

    static let headerSize = 4_096
    static let keeperAt = 512
    static let commitAt = 1_024
    static let seedAt = 256
    static let magic: UInt64 = 0x0A31_544E_4942_5241  // "ARBINT1\n"

    /// What a file is: written once, when it is made.
    struct Head {
        var capacity: UInt64
        var generation: UInt64
        var created: UTCNanos
        var durability: JournalDurability
        var boot: String
        var build: String
    }

    /// What the keeper's thread last said.
    struct Status {
        /// Up to here the ledger has all.
        var checkpoint: UInt64
        /// Up to here the disk has all.
        var durable: UInt64
        /// Since when that is so.
        var durableAt: UTCNanos
        /// The log was closed: nothing came after.
        var isClosed = false
    }

    static func length(_ capacity: Int) -> Int { headerSize + capacity * IntentRecord.size }

    /// Makes the file anew and gives it all its blocks.
    ///
    /// - Throws: `StoreFault`: `E_STORE_IO`, `E_STORE_PREALLOCATE`.
    init(making path: String, head: Head) throws(StoreFault) {
        self.path = path
        capacity = Int(head.capacity)
        unlink(path)
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw StoreFault(errno: errno, path) }
        let length = Self.length(capacity)
        var refusal = SystemCalls.allocate(descriptor, bytes: length)
        let mapped = refusal == 0 ? mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0) : nil
        if refusal == 0, mapped == MAP_FAILED { refusal = errno }
        guard refusal == 0, let mapped else {
            close(descriptor)
            unlink(path)
            throw StoreFault(
                .preallocate,
                "\(path): \(length >> 10) KiB cannot be set aside: \(String(cString: strerror(refusal)))"
                    + StoreFault.room(path))
        }
        base = mapped
        write(head)
    }

    deinit {
        munmap(base, Self.length(capacity))
        close(descriptor)
    }

    /// Where the record of that sequence stands.
    func record(_ sequence: UInt64) -> UnsafeMutableRawPointer {
        base + Self.headerSize + Int((sequence - 1) % UInt64(capacity)) * IntentRecord.size
    }

    /// The place of that number, from 0 on.
    func place(_ index: Int) -> UnsafeMutableRawPointer { base + Self.headerSize + index * IntentRecord.size }

    /// The first link of the chain.
    var seed: UnsafeMutableRawPointer { base + Self.seedAt }

    private func write(_ head: Head) {
        func put(_ text: String, _ at: Int, most: Int) {
            let bytes = Array(text.utf8.prefix(most))
            base.storeBytes(of: UInt8(bytes.count), toByteOffset: at, as: UInt8.self)
            bytes.withUnsafeBytes {
                (base + at + 1).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(base), byteCount: $0.count)
            }
        }
        base.storeBytes(of: Self.magic, as: UInt64.self)
        base.storeBytes(of: UInt32(1), toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: UInt32(IntentRecord.size), toByteOffset: 12, as: UInt32.self)
        base.storeBytes(of: head.capacity, toByteOffset: 16, as: UInt64.self)
        base.storeBytes(of: head.generation, toByteOffset: 24, as: UInt64.self)
        base.storeBytes(of: head.created.rawValue, toByteOffset: 32, as: Int64.self)
        base.storeBytes(of: head.durability == .power ? 2 : 1, toByteOffset: 40, as: UInt8.self)
        put(head.boot, 48, most: 63)
        put(head.build, 112, most: 127)
        let digest = Digest(.sha256)
        digest.update(UnsafeRawBufferPointer(start: base, count: Self.seedAt))
        digest.finish(into: UnsafeMutableRawBufferPointer(start: seed, count: 32))
        base.storeBytes(
            of: CRC32C.of(UnsafeRawBufferPointer(start: base, count: 508)), toByteOffset: 508, as: UInt32.self)
        _ = write(Status(checkpoint: 0, durable: 0, durableAt: head.created))
    }

    /// Writes the keeper's sector in one call.
    ///
    /// - Returns: 0, or errno.
    func write(_ status: Status) -> Int32 {
        var sector = [UInt8](repeating: 0, count: 512)
        return sector.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: status.checkpoint, toByteOffset: 0, as: UInt64.self)
            bytes.storeBytes(of: status.durable, toByteOffset: 8, as: UInt64.self)
            bytes.storeBytes(of: status.durableAt.rawValue, toByteOffset: 16, as: Int64.self)
            bytes.storeBytes(of: status.isClosed ? 1 : 0, toByteOffset: 24, as: UInt8.self)
            bytes.storeBytes(
                of: CRC32C.of(UnsafeRawBufferPointer(rebasing: bytes[..<508])), toByteOffset: 508, as: UInt32.self)
            let count = pwrite(descriptor, bytes.baseAddress, 512, off_t(Self.keeperAt))
            return count == 512 ? 0 : (count < 0 ? errno : EIO)
        }
    }

    static func readHead(_ base: UnsafeRawPointer) -> Head? {
        func text(_ at: Int) -> String {
            let count = Int(base.load(fromByteOffset: at, as: UInt8.self))
            return String(decoding: UnsafeRawBufferPointer(start: base + at + 1, count: count), as: UTF8.self)
        }
        guard base.load(as: UInt64.self) == magic, base.load(fromByteOffset: 8, as: UInt32.self) == 1,
            base.load(fromByteOffset: 12, as: UInt32.self) == UInt32(IntentRecord.size),
            CRC32C.of(UnsafeRawBufferPointer(start: base, count: 508))
                == base.load(fromByteOffset: 508, as: UInt32.self)
        else { return nil }
        return Head(
            capacity: base.load(fromByteOffset: 16, as: UInt64.self),
            generation: base.load(fromByteOffset: 24, as: UInt64.self),
            created: UTCNanos(rawValue: base.load(fromByteOffset: 32, as: Int64.self)),
            durability: base.load(fromByteOffset: 40, as: UInt8.self) == 2 ? .power : .process, boot: text(48),
            build: text(112))
    }

    static func readStatus(_ base: UnsafeRawPointer) -> Status? {
        let at = base + keeperAt
        guard
            CRC32C.of(UnsafeRawBufferPointer(start: at, count: 508)) == at.load(fromByteOffset: 508, as: UInt32.self)
        else { return nil }
        return Status(
            checkpoint: at.load(as: UInt64.self), durable: at.load(fromByteOffset: 8, as: UInt64.self),
            durableAt: UTCNanos(rawValue: at.load(fromByteOffset: 16, as: Int64.self)),
            isClosed: at.load(fromByteOffset: 24, as: UInt8.self) == 1)
    }

    /// Which start of the machine this is: after another one, memory that was not synced may be gone.
    static func bootIdentity() -> String {
        let descriptor = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 36)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
