internal import Glibc
internal import Threading

/// A report on its way into a file where a person asked for it: whole or not at all.
public struct ReportFile: ~Copyable {
    /// Why it could not be written.
    public struct Fault: Error, Hashable, Sendable {
        /// The file and the system's words.
        public let text: String
    }

    private let path: String
    private let made: String
    private var descriptor: Int32

    /// Begins a file beside `path`, which is not touched before `finish`.
    ///
    /// - Throws: `Fault`.
    public init(_ path: String) throws(Fault) {
        self.path = path
        made = path + ".new"
        descriptor = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Self.fault(made) }
    }

    /// Adds bytes.
    ///
    /// - Throws: `Fault`; what was made is removed.
    public mutating func append(_ bytes: [UInt8]) throws(Fault) {
        let number = SystemCalls.write(bytes, to: descriptor)
        guard number == 0 else {
            abandon()
            throw Self.fault(made, number)
        }
    }

    /// Puts it in the place of what was there.
    ///
    /// - Throws: `Fault`.
    public mutating func finish() throws(Fault) {
        let isClosed = close(descriptor) == 0
        descriptor = -1
        guard isClosed, rename(made, path) == 0 else {
            let fault = Self.fault(path)
            unlink(made)
            throw fault
        }
    }

    private mutating func abandon() {
        close(descriptor)
        descriptor = -1
        unlink(made)
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        unlink(made)
    }

    private static func fault(_ path: String, _ number: Int32 = errno) -> Fault {
        Fault(text: "\(path): \(String(cString: strerror(number)))")
    }
}
