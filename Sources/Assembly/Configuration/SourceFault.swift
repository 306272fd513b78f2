internal import Codec

/// A mistake in a file that a person wrote, with its place, what was expected, and the nearest right word.
public struct SourceFault: Error, Hashable, Sendable {
    /// The file as it was named.
    public let file: String
    /// Where; `.none` when the whole file is concerned.
    public let place: SourcePlace
    /// What is wrong.
    public let message: String
    /// What would be right, where that can be said.
    public let expected: String?
    /// Stable code: `E_CFG_…` or `E_PAIR_…`.
    public let code: String

    /// A mistake.
    public init(
        file: String, place: SourcePlace, message: String, expected: String? = nil, code: String = "E_CFG_SYNTAX"
    ) {
        self.file = file
        self.place = place
        self.message = message
        self.expected = expected
        self.code = code
    }

    /// `file:line:col: message`, the line itself, a caret below the place, and what was expected.
    ///
    /// - Parameter text: content of the file, for the quoted line.
    public func rendered(in text: String?) -> String {
        let words = TerminalText.neutral(message, limit: Self.wordsMax)
        let name = TerminalText.neutral(file)
        var lines = [place.line > 0 ? "\(name):\(place.line):\(place.column): \(words)" : "\(name): \(words)"]
        if let text, place.line > 0, let source = Self.line(place.line, of: text) {
            let shown = String(source.prefix(120).map { $0 == "\t" ? " " : $0 })
            lines.append("    " + Self.neutral(shown))
            lines.append("    " + String(repeating: " ", count: min(max(0, place.column - 1), 119)) + "^")
        }
        if let expected { lines.append("    expected: \(TerminalText.neutral(expected, limit: Self.wordsMax))") }
        return lines.joined(separator: "\n")
    }

    /// A key or value that is quoted may be as long as the file.
    private static let wordsMax = 1_000

    private static func line(_ number: Int, of text: String) -> Substring? {
        var rest = text[...]
        for _ in 1..<max(1, number) {
            guard let end = rest.firstIndex(where: isLineEnd) else { return nil }
            rest = rest[rest.index(after: end)...]
        }
        return rest.prefix { !isLineEnd($0) }
    }

    /// What ends a line in TOML; other characters that look like it do not.
    private static func isLineEnd(_ character: Character) -> Bool { character == "\n" || character == "\r\n" }

    /// A quoted line must not act on the terminal that shows it; its columns stay where they are.
    private static func neutral(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { TerminalText.neutral(String($0)).unicodeScalars.count == 1 ? $0 : "?" }))
    }
}

/// All mistakes of a set of files, each at its place; nothing of the files was used.
public struct SourceFaults: Error, Sendable {
    /// At least one, in order of file and place.
    public let all: [SourceFault]
    private let texts: [String: String]

    /// Mistakes in files of the given contents.
    public init(_ all: [SourceFault], texts: [String: String]) {
        self.all = all.sorted { ($0.file, $0.place) < ($1.file, $1.place) }
        self.texts = texts
    }

    /// All of them, for a terminal.
    public var rendered: String { all.map { $0.rendered(in: texts[$0.file]) }.joined(separator: "\n") }
}

/// The word of a list that a misspelled one was most likely meant to be.
public enum NearestWord {
    /// The nearest of `words` by edit distance, when it is near enough to be worth saying.
    public static func of(_ word: String, among words: some Sequence<String>) -> String? {
        guard word.utf8.count <= 64 else { return nil }  // no word of ours is near
        var best: (word: String, distance: Int)?
        for candidate in words {
            let distance = distance(Array(word.utf8), Array(candidate.utf8))
            if distance < best?.distance ?? .max { best = (candidate, distance) }
        }
        // A word of which every letter would change is another one.
        let letters = word.utf8.drop { $0 == UInt8(ascii: "-") }.count
        guard let best, best.distance <= max(2, word.utf8.count / 3), best.distance < letters else { return nil }
        return best.word
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in right.indices {
                let above = row[column + 1]
                row[column + 1] = min(above + 1, row[column] + 1, diagonal + (byte == right[column] ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
