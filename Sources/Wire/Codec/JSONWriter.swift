/// Writes JSON into one reusable buffer: commands to venues, log lines, captures. Commas are its business.
///
/// Text is escaped so that a line stays a line and no byte acts on a terminal: quotes, backslashes, controls, and the
/// bidirectional and invisible characters of `TerminalText` become `\u` escapes; bytes that are not UTF-8 become
/// U+FFFD (check with `UTF8Text.isValid` where a lossless copy is needed). Allocates only to grow the buffer.
public struct JSONWriter {
    /// What was written since the last `reset`.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var depth = 0

    /// An empty writer with room for `reserved` bytes.
    public init(reserved: Int = 1024) { bytes.reserveCapacity(reserved) }

    /// Forgets what was written and keeps the memory.
    public mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
        depth = 0
    }

    /// A copy of what was written; for cold paths and tests.
    public var string: String { String(decoding: bytes, as: UTF8.self) }

    /// Opens an object.
    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    /// Closes the innermost object.
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    /// Opens an array.
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    /// Closes the innermost array.
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// Writes a member's key; a value must follow.
    public mutating func key(_ key: StaticString) {
        string(key)
        colon()
    }

    /// Writes a member's key; a value must follow.
    public mutating func key(_ key: String) {
        string(key)
        colon()
    }

    /// Writes a string.
    public mutating func string(_ text: StaticString) {
        string(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Writes a string.
    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(UnsafeRawBufferPointer($0)) }
    }

    /// Writes a string of the reader.
    public mutating func string(_ text: JSONText) { string(text.bytes) }

    /// Writes bytes as a string.
    public mutating func string(_ text: UnsafeRawBufferPointer) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        escape(text)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a whole number.
    public mutating func integer(_ value: some FixedWidthInteger) {
        comma()
        withUnsafeTemporaryAllocation(byteCount: 40, alignment: 1) { buffer in
            precondition(value.bitWidth <= 64, "numbers up to 64 bits")
            var left = UInt64(value.magnitude)
            var at = buffer.count
            repeat {
                at -= 1
                buffer[at] = UInt8(ascii: "0") + UInt8(left % 10)
                left /= 10
            } while left > 0
            if value < 0 {
                at -= 1
                buffer[at] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: buffer[at...])
        }
    }

    /// Writes units of 10^-scale as a bare number, `0.46`.
    public mutating func decimal(_ units: Int64, scale: Int = 8) {
        comma()
        digits(units, scale)
    }

    /// Writes units of 10^-scale as a string, `"0.46"`: what venues want and what no reader turns into a double.
    public mutating func decimalString(_ units: Int64, scale: Int = 8) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        digits(units, scale)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes `true` or `false`.
    public mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    /// Writes `null`.
    public mutating func null() { raw("null") }

    /// Writes a value that is JSON already, such as the source of a message; nothing is checked.
    public mutating func raw(_ json: UnsafeRawBufferPointer) {
        comma()
        bytes.append(contentsOf: json)
    }

    /// Writes a value that is JSON already; nothing is checked.
    public mutating func raw(_ json: StaticString) {
        raw(UnsafeRawBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
    }

    /// Ends a record with a newline: the writer must be outside all containers.
    public mutating func newline() {
        precondition(depth == 0, "a record ends outside its containers")
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }
}

// Members in one call.
extension JSONWriter {
    /// Writes a member with a string.
    public mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// Writes a member with a string of the reader.
    public mutating func member(_ name: StaticString, _ value: JSONText) {
        key(name)
        string(value)
    }

    /// Writes a member with a whole number.
    public mutating func member(_ name: StaticString, _ value: some FixedWidthInteger) {
        key(name)
        integer(value)
    }

    /// Writes a member with `true` or `false`.
    public mutating func member(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    /// Writes a member with a decimal string, `"0.46"`.
    public mutating func member(_ name: StaticString, decimal units: Int64, scale: Int = 8) {
        key(name)
        decimalString(units, scale: scale)
    }
}

extension JSONWriter {
    private mutating func open(_ bracket: UInt8) {
        comma()
        bytes.append(bracket)
        depth += 1
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "no container is open")
        bytes.append(bracket)
        depth -= 1
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(depth > 0 ? UInt8(ascii: ",") : UInt8(ascii: "\n")) }
        needsComma = true
    }

    private mutating func colon() {
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    private mutating func digits(_ units: Int64, _ scale: Int) {
        withUnsafeTemporaryAllocation(byteCount: DecimalText.bytesMax, alignment: 1) { buffer in
            let count = DecimalText.write(units, scale: scale, into: buffer)
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Appends text in pieces: a byte grows to at most six, and one piece's worth is reserved at a time.
    private mutating func escape(_ text: UnsafeRawBufferPointer) {
        var at = 0
        while at < text.count && Self.isPlain(text[at]) { at += 1 }
        bytes.append(contentsOf: text[..<at])  // keys and most values end here
        while at < text.count {
            let end = min(at + 4096, text.count)
            bytes.append(addingCapacity: (end - at) * 6 + 16) { span in  // a scalar may begin before `end`: 12 bytes
                span.withUnsafeMutableBufferPointer { out, count in
                    var sink = Sink(out: out, count: count)
                    at = sink.escape(text, from: at, to: end)
                    count = sink.count
                }
            }
        }
    }
}

extension JSONWriter {
    /// Printable ASCII that needs no escape.
    @inline(__always) fileprivate static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }
}

/// The free end of the writer's buffer. Safety: lives inside one `append(addingCapacity:)`; writes are bounds-checked.
private struct Sink {
    let out: UnsafeMutableBufferPointer<UInt8>
    var count: Int

    @inline(__always) mutating func put(_ byte: UInt8) {
        precondition(count < out.count, "the writer reserved too little")
        out[count] = byte
        count &+= 1  // bounded by the check
    }

    /// Writes `text[from..<to]` and the rest of a scalar that ends behind it; returns where it stopped.
    mutating func escape(_ text: UnsafeRawBufferPointer, from: Int, to end: Int) -> Int {
        var at = from
        while at < end {
            let byte = text[at]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                put(UInt8(ascii: "\\"))
                put(byte)
                at += 1
            } else if byte >= 0x20 && byte < 0x7F {
                put(byte)
                at += 1
            } else if let (scalar, length) = UTF8Text.scalar(text, at) {
                if UTF8Text.isHostile(scalar) {
                    escape(scalar)
                } else {
                    for byte in text[at..<(at + length)] { put(byte) }
                }
                at += length
            } else {
                escape(0xFFFD)
                at += 1
            }
        }
        return at
    }

    private mutating func escape(_ scalar: UInt32) {
        switch scalar {
        case 0x0A: letter(UInt8(ascii: "n"))
        case 0x0D: letter(UInt8(ascii: "r"))
        case 0x09: letter(UInt8(ascii: "t"))
        case 0x10000...:
            unit(UInt16(0xD800 + (scalar - 0x10000) >> 10))
            unit(UInt16(0xDC00 + (scalar - 0x10000) & 0x3FF))
        default: unit(UInt16(scalar))
        }
    }

    private mutating func letter(_ letter: UInt8) {
        put(UInt8(ascii: "\\"))
        put(letter)
    }

    private mutating func unit(_ unit: UInt16) {
        letter(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] { put(Hex.letter(UInt8(unit >> shift & 15))) }
    }
}
