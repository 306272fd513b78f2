import Foundation
import Testing

@testable import Codec

/// SplitMix64: the same stream for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random documents as text: every kind, odd whitespace, escapes, long and short strings.
struct DocumentSource {
    var random: SeededGenerator

    mutating func document(depth: Int = 0) -> String {
        let space = [" ", "\n", "\t", "  \r\n"]
        func gap(_ random: inout SeededGenerator) -> String {
            Int.random(in: 0..<6, using: &random) == 0 ? space.randomElement(using: &random) ?? "" : ""
        }
        let kind = Int.random(in: 0..<(depth < 6 ? 9 : 6), using: &random)
        let body: String
        switch kind {
        case 0: body = ["true", "false", "null"].randomElement(using: &random) ?? "null"
        case 1: body = number()
        case 2...5: body = string()
        default:
            let count = Int.random(in: 0..<5, using: &random)
            var parts: [String] = []
            for index in 0..<count {
                let value = document(depth: depth + 1)
                // The index keeps keys apart, since Foundation keeps only one of two equal keys.
                parts.append(kind == 6 ? value : string(prefix: "\(index)") + gap(&random) + ":" + value)
            }
            let inside = gap(&random) + parts.joined(separator: gap(&random) + ",")
            body = kind == 6 ? "[\(inside)]" : "{\(inside)}"
        }
        return gap(&random) + body + gap(&random)
    }

    mutating func number() -> String {
        let whole = ["0", "7", "12", "1795207441123", "90071992547409931"].randomElement(using: &random) ?? "0"
        let rest = ["", "", ".5", ".4600", "e3", "E-2", ".25e+1"].randomElement(using: &random) ?? ""
        return (Bool.random(using: &random) ? "-" : "") + whole + rest
    }

    mutating func string(prefix: String = "") -> String {
        let pieces = [
            "a", "price", "0.46", "{", "}", "[", "]", ":", ",", " ", "é", "€", "\u{1F600}", "\\\"", "\\\\", "\\n",
            "\\u0041",
            "\\ud83d\\ude00", "\\/", "'", "abcdefghijklmnopqrstuvwxyz0123456789", "\u{7f}", "\\u0000",
        ]
        var text = prefix
        for _ in 0..<Int.random(in: 0..<6, using: &random) { text += pieces.randomElement(using: &random) ?? "" }
        return "\"\(text)\""
    }
}

/// What the reader shows, as the oracle's tree.
func tree(of value: JSONValue) -> StrictJSON.Tree {
    switch value.kind {
    case .object: .object(value.members.map { ($0.key.string, tree(of: $0.value)) })
    case .array: .array(value.elements.map(tree(of:)))
    case .string: .string(value.text?.string ?? "?")
    case .number: .number(value.numberText?.string ?? "?")
    case .true: .bool(true)
    case .false: .bool(false)
    case .null: .null
    }
}

/// True when Foundation's value and the reader's are the same, numbers by value.
func agrees(_ value: JSONValue, _ other: Any) -> Bool {
    switch value.kind {
    case .object:
        guard let other = other as? [String: Any], value.count == other.count else { return false }
        return value.members.allSatisfy { member in
            other[member.key.string].map { agrees(member.value, $0) } ?? false
        }
    case .array:
        guard let other = other as? [Any], value.count == other.count else { return false }
        return zip(value.elements, other).allSatisfy { agrees($0, $1) }
    case .string: return (other as? String).map { Array($0.utf8) } == value.text.map { Array($0.bytes) }
    case .number:
        guard let other = (other as? NSNumber)?.doubleValue, let text = value.numberText?.string else { return false }
        guard let exact = Double(text) else { return false }
        return abs(other - exact) <= abs(exact) * 1e-15  // Foundation's last digit may be off
    case .true, .false: return (other as? Bool) == value.bool
    case .null: return other is NSNull
    }
}

@Suite("JSONReader against slower readers")
struct JSONDifferentialTests {
    @Test("random documents read as Foundation reads them", arguments: [1, 2, 3, 4] as [UInt64])
    func foundation(seed: UInt64) throws {
        var source = DocumentSource(random: SeededGenerator(state: seed))
        let reader = JSONReader()
        for index in 0..<1500 {
            let text = source.document()
            let other = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            let value = try reader.read(text)
            #expect(agrees(value, other), "seed \(seed), document \(index): \(text)")
        }
    }

    @Test(
        "broken documents are accepted or refused exactly as by the grammar", arguments: [11, 12, 13, 14] as [UInt64])
    func grammar(seed: UInt64) {
        var source = DocumentSource(random: SeededGenerator(state: seed))
        let reader = JSONReader()
        var accepted = 0
        for index in 0..<4000 {
            var bytes = Array(source.document().utf8)
            mutate(&bytes, &source.random)
            let expected = StrictJSON.tree(bytes)
            let actual = (try? reader.read(bytes)).map(tree(of:))
            #expect(actual == expected, "seed \(seed), document \(index): \(String(decoding: bytes, as: UTF8.self))")
            if actual != nil { accepted += 1 }
        }
        #expect((400...3600).contains(accepted), "both outcomes must be common, accepted \(accepted)")
    }

    /// None to three edits: a byte changed, dropped, doubled or put in, or the end cut off.
    private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
        let letters =
            Array("{}[]:,\"\\ \n\t0123456789.eE+-tfnula/u;<=>?\u{0}\u{1}\u{7f}".utf8) + [0x80, 0xC3, 0xA9, 0xED, 0xFF]
        for _ in 0..<Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            let letter = letters.randomElement(using: &random) ?? 0
            switch Int.random(in: 0..<6, using: &random) {
            case 0: bytes[at] = letter
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(bytes[at], at: at)
            case 3: bytes.insert(letter, at: at)
            case 4: bytes.swapAt(at, Int.random(in: 0..<bytes.count, using: &random))
            default: bytes.removeLast(Int.random(in: 0...min(3, bytes.count), using: &random))
            }
        }
    }
}
