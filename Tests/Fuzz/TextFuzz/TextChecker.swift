import Codec

/// Feeds any bytes to every small text format and checks what must hold for all inputs.
final class TextChecker {
    private let reader = JSONReader()
    private var writer = JSONWriter()

    /// The first byte chooses the options, the rest is the text.
    func check(_ bytes: UnsafeRawBufferPointer) {
        guard let options = bytes.first else { return }
        let text = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        decimal(text, scale: Int(options) % 19, form: DecimalForm(rawValue: options >> 5 & 3))
        base(text)
        writing(text)
    }

    private func decimal(_ text: UnsafeRawBufferPointer, scale: Int, form: DecimalForm) {
        if let units = try? DecimalText.parse(text, scale: scale, form: form) {
            precondition(form.contains(.negative) || units >= 0, "no minus where none is allowed")
            let canonical = Array(DecimalText.string(units, scale: scale).utf8)
            precondition(canonical.count <= DecimalText.bytesMax, "bytesMax holds any text")
            let again = canonical.withUnsafeBytes { try? DecimalText.parse($0, scale: scale, form: .negative) }
            precondition(again == units, "canonical text reads back")
            precondition(slow(text, scale: scale) == units, "as the slow way says")
        }
        if let value = try? DecimalText.integer(text, form: .negative) {
            precondition(String(value).utf8.elementsEqual(text), "a whole number has one text")
        } else if let value = Int64(String(decoding: text, as: UTF8.self)) {
            precondition(!String(value).utf8.elementsEqual(text), "a whole number in its one text is accepted")
        }
    }

    /// The units by long addition, with no regard for form; `nil` beyond 128 bits.
    private func slow(_ text: UnsafeRawBufferPointer, scale: Int) -> Int64? {
        let halves = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let whole = halves[0].filter { $0 != UInt8(ascii: "-") }
        let fraction = halves.count > 1 ? Array(halves[1]) : []
        let digits = whole + fraction.prefix(scale) + [UInt8](repeating: 48, count: max(0, scale - fraction.count))
        var units: Int128 = 0
        for digit in digits {
            let (tenfold, over) = units.multipliedReportingOverflow(by: 10)
            if over { return nil }
            units = tenfold + Int128(digit - 48)
        }
        return Int64(exactly: text.first == UInt8(ascii: "-") ? -units : units)
    }

    private func base(_ text: UnsafeRawBufferPointer) {
        let string = String(decoding: text, as: UTF8.self)
        if let bytes = Base64.decode(string) {
            let texts = [Base64.Alphabet.standard, .url, .urlUnpadded].map { Base64.encode(bytes, alphabet: $0) }
            let unpadded = String(string.prefix { $0 != "=" })
            precondition(texts.contains { $0.prefix { $0 != "=" } == unpadded }, "one value, one text an alphabet")
        }
        if let bytes = Hex.decode(string) {
            precondition(Hex.encode(bytes) == string.lowercased(), "hexadecimal text reads back")
        }
        precondition(Base64.decode(Base64.encode(text)).map { $0.elementsEqual(text) } == true, "base64 is lossless")
        precondition(Hex.decode(Hex.encode(text)).map { $0.elementsEqual(text) } == true, "hexadecimal is lossless")
    }

    private func writing(_ text: UnsafeRawBufferPointer) {
        let valid = UTF8Text.isValid(text)
        precondition(valid == (String(validating: text, as: UTF8.self) != nil), "UTF-8 as the library has it")
        writer.reset()
        writer.string(text)
        precondition(writer.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "no control byte gets out")
        guard let read = try? reader.read(writer.bytes), let back = read.text else {
            preconditionFailure("what the writer makes reads")
        }
        precondition(!valid || back.bytes.elementsEqual(text), "valid text survives")
        let shown = TerminalText.neutral(text)
        precondition(shown.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "no control byte reaches a terminal")
    }
}
