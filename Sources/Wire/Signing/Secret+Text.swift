/// Keys that are kept as text: decoded from one secret into another, so that nothing is left behind in between.
extension Secret {
    /// The bytes that hexadecimal text stands for, with or without `0x`; white space around is left out.
    ///
    /// `nil` for any other letter, an odd number of them, or none.
    public convenience init?(hexLettersOf text: Secret) {
        self.init(capacity: text.count / 2 + 1) { target in
            text.withBytes { text -> Int? in
                var letters = Self.trimmed(text)
                if letters.count >= 2, letters[letters.startIndex] == UInt8(ascii: "0"),
                    letters[letters.startIndex + 1] == UInt8(ascii: "x")
                {
                    letters = letters.dropFirst(2)
                }
                guard !letters.isEmpty, letters.count.isMultiple(of: 2) else { return nil }
                var count = 0
                for start in stride(from: letters.startIndex, to: letters.endIndex, by: 2) {
                    guard let high = HexLetter.value(letters[start]), let low = HexLetter.value(letters[start + 1])
                    else { return nil }
                    target[count] = high << 4 | low
                    count += 1
                }
                return count
            }
        }
    }

    /// The bytes that base64 text of either alphabet stands for, padded or not; white space around is left out.
    ///
    /// `nil` for any other letter, wrong padding, or none.
    public convenience init?(base64Of text: Secret) {
        self.init(capacity: text.count) { target in
            text.withBytes { text -> Int? in
                var letters = Self.trimmed(text)
                let length = letters.count
                while letters.last == UInt8(ascii: "="), length - letters.count < 2 { letters = letters.dropLast() }
                guard !letters.isEmpty, letters.count % 4 != 1,
                    letters.count == length || length.isMultiple(of: 4)
                else { return nil }
                var (bits, held, count) = (UInt32(0), 0, 0)
                for letter in letters {
                    guard let six = Self.six(letter) else { return nil }
                    bits = bits << 6 | UInt32(six)
                    held += 6
                    guard held >= 8 else { continue }
                    held -= 8
                    target[count] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                    count += 1
                }
                return count
            }
        }
    }

    /// Appends the bytes to a request that is about to leave; `buffer` is the caller's to erase.
    public func append(to buffer: inout [UInt8]) { withBytes { buffer.append(contentsOf: $0) } }

    private static func trimmed(_ text: UnsafeRawBufferPointer) -> Slice<UnsafeRawBufferPointer> {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
        var slice = text[...]
        while let first = slice.first, isSpace(first) { slice = slice.dropFirst() }
        while let last = slice.last, isSpace(last) { slice = slice.dropLast() }
        return slice
    }

    private static func six(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): letter - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): letter - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): letter - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
