/// Venue text made safe to show: nothing in it can move the cursor, colour, reorder or hide what the operator reads.
public enum TerminalText {
    /// The text with control bytes, escape sequences, bidirectional and zero-width characters written out as
    /// `\u{1B}`; longer than `limit` scalars it is cut and ends in `…`.
    public static func neutral(_ text: String, limit: Int = .max) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit {
                result.unicodeScalars.append("…")
                break
            }
            append(scalar, to: &result)
        }
        return result
    }

    /// The same for bytes; what is not UTF-8 shows as `\x{FF}`.
    public static func neutral(_ bytes: UnsafeRawBufferPointer, limit: Int = .max) -> String {
        var result = ""
        var at = 0
        var shown = 0
        while at < bytes.count {
            if shown == limit {
                result.unicodeScalars.append("…")
                break
            }
            if let (value, length) = UTF8Text.scalar(bytes, at), let scalar = Unicode.Scalar(value) {
                append(scalar, to: &result)
                at += length
            } else {
                result += "\\x{" + Hex.encode([bytes[at]]).uppercased() + "}"
                at += 1
            }
            shown += 1
        }
        return result
    }

    /// The same for a text of the reader.
    public static func neutral(_ text: JSONText, limit: Int = .max) -> String { neutral(text.bytes, limit: limit) }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String) {
        if UTF8Text.isHostile(scalar.value) {
            result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
}
