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

    private mutating func escape(_ text: UnsafeRawBufferPointer) {
        var plain = 0  // start of the run that needs no escape
        var at = 0
        while at < text.count {
            let byte = text[at]
            if byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\") {
                at += 1
                continue
            }
            let found = UTF8Text.scalar(text, at)
            if let found, byte >= 0x80, !UTF8Text.isHostile(found.scalar) {
                at += found.length
                continue
            }
            bytes.append(contentsOf: text[plain..<at])
            escape(scalar: found?.scalar ?? 0xFFFD)
            at += found?.length ?? 1
            plain = at
        }
        bytes.append(contentsOf: text[plain...])
    }

    private mutating func escape(scalar: UInt32) {
        bytes.append(UInt8(ascii: "\\"))
        switch scalar {
        case 0x22, 0x5C: bytes.append(UInt8(scalar))
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        case 0x10000...:
            unit(UInt16(0xD800 + (scalar - 0x10000) >> 10))
            bytes.append(UInt8(ascii: "\\"))
            unit(UInt16(0xDC00 + (scalar - 0x10000) & 0x3FF))
        default: unit(UInt16(scalar))
        }
    }

    private mutating func unit(_ unit: UInt16) {
        bytes.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(Hex.letter(UInt8(unit >> shift & 15))) }
    }
}
