/// Why a document was refused, and where.
public struct JSONFault: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Reason: Int32, CaseIterable, Sendable {
        /// More bytes than the reader's limit.
        case tooLarge = 1
        /// Containers nested deeper than the limit.
        case tooDeep = 2
        /// More values and keys than the limit.
        case tooMany = 3
        /// Empty, or it ends inside a string or a container.
        case truncated = 4
        /// A byte that JSON's grammar does not allow there.
        case syntax = 5
        /// Text that is not UTF-8.
        case badUTF8 = 6
        /// An unescaped control byte (or NUL) inside a string.
        case controlByte = 7
        /// An unknown escape, or half a surrogate pair.
        case badEscape = 8
        /// A number in a form that JSON does not have: `NaN`, `Infinity`, `+1`, `.5`, `01`, `1.`, `0x1`.
        case badNumber = 9
        /// Something other than whitespace behind the value.
        case trailing = 10
    }

    /// What was wrong.
    public let reason: Reason
    /// Byte offset in the document; for `tooLarge` the limit, for `tooMany` the document's length.
    public let offset: Int

    init(reason: Reason, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    /// Stable for ever; listed in `Docs/ERRORS.md`.
    public var code: String {
        switch reason {
        case .tooLarge: "E_WIRE_JSON_SIZE"
        case .tooDeep: "E_WIRE_JSON_DEPTH"
        case .tooMany: "E_WIRE_JSON_NODES"
        case .truncated: "E_WIRE_JSON_TRUNCATED"
        case .syntax: "E_WIRE_JSON_SYNTAX"
        case .badUTF8: "E_WIRE_JSON_UTF8"
        case .controlByte: "E_WIRE_JSON_CONTROL"
        case .badEscape: "E_WIRE_JSON_ESCAPE"
        case .badNumber: "E_WIRE_JSON_NUMBER"
        case .trailing: "E_WIRE_JSON_TRAILING"
        }
    }
}

/// What a reader accepts; anything above is refused before it is walked.
public struct JSONLimits: Hashable, Sendable {
    /// Bytes of one document.
    public var bytesMax: Int
    /// Containers open at once, 1...64.
    public var depthMax: Int
    /// Values and keys in one document, below 2^23.
    public var nodesMax: Int

    /// Limits of one reader; the size of `depthMax` and `nodesMax` is checked when the reader is made.
    public init(bytesMax: Int, depthMax: Int = 64, nodesMax: Int) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.nodesMax = nodesMax
    }

    /// A WebSocket message: 1 MiB, depth 64, 256 Ki nodes.
    public static let webSocket = JSONLimits(bytesMax: 1 << 20, nodesMax: 1 << 18)
    /// A REST answer or a local file: 8 MiB, depth 64, 2 Mi nodes.
    public static let rest = JSONLimits(bytesMax: 8 << 20, nodesMax: 1 << 21)
}
