/// A slow, obvious JSON reader: one byte at a time, one rule a line. The oracle of the differential tests.
struct StrictJSON {
    indirect enum Tree: Equatable {
        case object([(String, Tree)])
        case array([Tree])
        case string(String)
        case number(String)
        case bool(Bool)
        case null

        static func == (left: Tree, right: Tree) -> Bool {
            switch (left, right) {
            case (.object(let a), .object(let b)):
                a.count == b.count && zip(a, b).allSatisfy { $0.0 == $1.0 && $0.1 == $1.1 }
            case (.array(let a), .array(let b)): a == b
            case (.string(let a), .string(let b)): Array(a.utf8) == Array(b.utf8)
            case (.number(let a), .number(let b)): a == b
            case (.bool(let a), .bool(let b)): a == b
            case (.null, .null): true
            default: false
            }
        }
    }

    private struct Refused: Error {}
    private let bytes: [UInt8]
    private var at = 0

    /// The tree of a document, `nil` when it is not one or is deeper than 64.
    static func tree(_ bytes: [UInt8]) -> Tree? {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = StrictJSON(bytes: bytes)
        guard let tree = try? reader.value(depth: 0) else { return nil }
        reader.space()
        return reader.at == bytes.count ? tree : nil
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func space() { while let byte = peek, [0x20, 9, 10, 13].contains(byte) { at += 1 } }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    private mutating func need(_ text: String) throws { guard take(text) else { throw Refused() } }

    private mutating func value(depth: Int) throws -> Tree {
        space()
        switch peek {
        case UInt8(ascii: "{"): return try object(depth: depth + 1)
        case UInt8(ascii: "["): return try array(depth: depth + 1)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try need("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try need("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try need("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws -> Tree {
        guard depth <= 64 else { throw Refused() }
        try need("{")
        var members: [(String, Tree)] = []
        space()
        if take("}") { return .object([]) }
        repeat {
            space()
            let key = try string()
            space()
            try need(":")
            members.append((key, try value(depth: depth)))
            space()
        } while take(",")
        try need("}")
        return .object(members)
    }

    private mutating func array(depth: Int) throws -> Tree {
        guard depth <= 64 else { throw Refused() }
        try need("[")
        var elements: [Tree] = []
        space()
        if take("]") { return .array([]) }
        repeat {
            elements.append(try value(depth: depth))
            space()
        } while take(",")
        try need("]")
        return .array(elements)
    }

    private mutating func string() throws -> String {
        try need("\"")
        var units: [UInt16] = []
        var content: [UInt8] = []
        func flush(_ units: inout [UInt16], _ content: inout [UInt8]) throws {
            guard let text = String(validating: units, as: UTF16.self) else { throw Refused() }
            content += Array(text.utf8)
            units = []
        }
        while let byte = peek, byte != UInt8(ascii: "\"") {
            at += 1
            guard byte >= 0x20 else { throw Refused() }
            if byte == UInt8(ascii: "\\") {
                if take("u") {
                    units.append(try hex4())
                    continue
                }
                try flush(&units, &content)
                content.append(try letterEscape())
            } else {
                try flush(&units, &content)
                content.append(byte)
            }
        }
        try flush(&units, &content)
        try need("\"")
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func hex4() throws -> UInt16 {
        guard at + 4 <= bytes.count else { throw Refused() }
        let text = String(decoding: bytes[at..<(at + 4)], as: UTF8.self)
        guard text.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let unit = UInt16(text, radix: 16)
        else {
            throw Refused()
        }
        at += 4
        return unit
    }

    private mutating func letterEscape() throws -> UInt8 {
        let letters: [(String, UInt8)] = [
            ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 8), ("f", 12), ("n", 10), ("r", 13), ("t", 9),
        ]
        for (letter, byte) in letters where take(letter) { return byte }
        throw Refused()
    }

    private mutating func digits() throws {
        let start = at
        while let byte = peek, (0x30...0x39).contains(byte) { at += 1 }
        guard at > start else { throw Refused() }
    }

    private mutating func number() throws -> String {
        let start = at
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }
}
