import Codec

/// Reads a document, touches all of it, writes it again and compares.
final class JSONWalker {
    private let reader = JSONReader()
    private let second = JSONReader()
    private var writer = JSONWriter()

    /// Whatever the reader accepts must be walkable, and its written form must be a fixed point.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let root = try? reader.read(bytes) else { return }
        writer.reset()
        walk(root, depth: 0)
        guard let again = try? second.read(writer.bytes) else { preconditionFailure("what the writer makes reads") }
        let echo = writer.bytes
        writer.reset()
        walk(again, depth: 0)
        precondition(echo == writer.bytes, "writing is a fixed point")
    }

    /// Touches every byte that a value shows, and writes the document again.
    private func walk(_ value: JSONValue, depth: Int) {
        precondition(depth <= 64, "depth is bounded")
        switch value.kind {
        case .object:
            var count = 0
            _ = value.hasDuplicateKeys
            writer.beginObject()
            for (key, member) in value.members {
                writer.key(key.string)
                precondition(
                    key.count == 0 || value["type"] != nil || !(key == "type"), "lookup finds what walking shows")
                walk(member, depth: depth + 1)
                count += 1
            }
            writer.endObject()
            precondition(count == value.count, "members are as many as counted")
        case .array:
            var count = 0
            writer.beginArray()
            for element in value.elements {
                walk(element, depth: depth + 1)
                count += 1
            }
            writer.endArray()
            precondition(count == value.count, "elements are as many as counted")
        case .string:
            guard let text = value.text else { preconditionFailure("a string has text") }
            precondition(UTF8Text.isValid(text.bytes), "text is UTF-8")
            _ = try? value.decimal8([.negative, .bareFraction])
            _ = TerminalText.neutral(text)
            writer.string(text)
        case .number:
            guard let text = value.numberText else { preconditionFailure("a number has text") }
            _ = value.int64
            if let units = try? value.decimal8(.negative) {
                let canonical = Array(DecimalText.string(units).utf8)
                let again = canonical.withUnsafeBytes { try? DecimalText.parse($0, form: .negative) }
                precondition(again == units, "canonical text reads back")
            }
            writer.raw(text.bytes)
        case .true, .false:
            guard let bool = value.bool else { preconditionFailure("a truth value has one") }
            writer.bool(bool)
        case .null: writer.null()
        }
    }
}
