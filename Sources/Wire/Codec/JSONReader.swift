import CSimdjson

/// Turns one message into a walkable value: checked whole, copied once, nothing allocated once its buffers are warm.
///
/// The bytes are validated completely (encoding, grammar, limits) before a value is handed out, so walking cannot
/// fail. A value points into the reader: it is void after the next `read`, and it does not keep the reader alive, so
/// keep the reader in a stored property (or a local that outlives the values).
///
/// - Lane: owned by one lane; not shared.
public final class JSONReader {
    // Safety: made in init, freed in deinit, used only by the owner of this object.
    private let shim: OpaquePointer
    private let view: UnsafePointer<CSimdjson_View>
    /// The largest document read so far: what its buffers have room for. Unit: bytes.
    private(set) var largest = 0

    /// A reader with its own buffers; they grow to the largest document seen, within the limits.
    public init(limits: JSONLimits = .webSocket) {
        precondition((1...64).contains(limits.depthMax) && limits.nodesMax < 1 << 23, "JSON limits out of range")
        precondition(MemoryLayout<JSONNode>.size == MemoryLayout<CSimdjson_Node>.size)
        guard let shim = CSimdjson_make(limits.bytesMax, UInt32(limits.depthMax), UInt32(limits.nodesMax)),
            let view = CSimdjson_view(shim)
        else { preconditionFailure("the JSON shim makes a reader or aborts") }
        self.shim = shim
        self.view = view
    }

    deinit { CSimdjson_free(shim) }

    /// Reads one document and returns its root.
    ///
    /// - Throws: `JSONFault` (`E_WIRE_JSON_*`), with the byte offset of the fault.
    public func read(_ bytes: UnsafeRawBufferPointer) throws(JSONFault) -> JSONValue {
        let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return try read(base, bytes.count)
    }

    private func read(_ base: UnsafePointer<UInt8>?, _ count: Int) throws(JSONFault) -> JSONValue {
        let status = CSimdjson_read(shim, base, count)
        guard status == 0 else { throw fault(status) }
        largest = max(largest, count)
        return root
    }

    /// Reads one document and returns its root; the span is copied and may end.
    ///
    /// - Throws: `JSONFault` (`E_WIRE_JSON_*`).
    public func read(_ bytes: RawSpan) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBytes { (bytes: UnsafeRawBufferPointer) throws(JSONFault) in try read(bytes) }
    }

    /// Reads one document held in a string; for tests and cold paths.
    ///
    /// - Throws: `JSONFault` (`E_WIRE_JSON_*`).
    public func read(_ text: String) throws(JSONFault) -> JSONValue {
        try read(Array(text.utf8))
    }

    /// Reads one document held in an array; for tests and cold paths.
    ///
    /// - Throws: `JSONFault` (`E_WIRE_JSON_*`).
    public func read(_ bytes: [UInt8]) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (bytes: UnsafeBufferPointer<UInt8>) throws(JSONFault) in
            try read(bytes.baseAddress, bytes.count)
        }
    }

    /// The instruction set in use, e.g. "icelake"; for benchmark headers.
    public static var implementation: String { String(cString: CSimdjson_implementation()) }

    private var root: JSONValue {
        guard let nodes = view.pointee.nodes, let text = view.pointee.text else {
            preconditionFailure("a document that was read has a root")
        }
        return JSONValue(node: UnsafeRawPointer(nodes), base: UnsafeRawPointer(text))
    }

    private func fault(_ status: Int32) -> JSONFault {
        guard let reason = JSONFault.Reason(rawValue: status) else {
            preconditionFailure("the JSON shim returned an unlisted fault")
        }
        return JSONFault(reason: reason, offset: Int(view.pointee.faultOffset))
    }
}
