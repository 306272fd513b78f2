/// A recording cannot be written or read. `line` and `offset` say where, counted from 1 and 0.
public struct CaptureFault: Error, Hashable, Sendable {
    /// What is wrong with it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Not a recording of ours at all.
        case foreign = "E_CAP_FOREIGN"
        /// Made by a format that this build does not know.
        case version = "E_CAP_VERSION"
        /// Ends in the middle of a record, or without its closing record.
        case truncated = "E_CAP_TRUNCATED"
        /// A record that cannot be read, or that contradicts the ones before it.
        case damaged = "E_CAP_DAMAGED"
        /// The file cannot be opened, read or written.
        case io = "E_CAP_IO"
        /// The disk did not keep up with the feeds; the recording ends where it says.
        case overrun = "E_CAP_OVERRUN"
    }

    /// The kind; its raw value is the stable code.
    public let kind: Kind
    /// File concerned.
    public let path: String
    /// Line of the record, from 1; 0 when no line is concerned.
    public let line: Int
    /// Byte offset of that line.
    public let offset: Int
    /// What was found and what can be done.
    public let text: String

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String { kind.rawValue }

    /// A fault at a place in a file.
    public init(_ kind: Kind, path: String, line: Int = 0, offset: Int = 0, text: String) {
        self.kind = kind
        self.path = path
        self.line = line
        self.offset = offset
        self.text = text
    }
}

extension CaptureFault: CustomStringConvertible {
    /// `path:line: text (byte offset)`.
    public var description: String { line > 0 ? "\(path):\(line): \(text) (byte \(offset))" : "\(path): \(text)" }
}
