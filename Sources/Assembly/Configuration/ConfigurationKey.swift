/// One key of the configuration: its type, range, default and meaning. The table of all of them is the only description
/// of the configuration: parsing, defaults, `config explain`, `config schema` and `init` come from it.
public struct ConfigurationKey: Sendable {
    /// What a value must be.
    public enum Kind: Sendable {
        /// An amount in dollars, as a string; between the bounds (1e-8 dollars).
        case money(least: Int64, most: Int64)
        /// A plain decimal number as a string (a price, a percentage, a size); between the bounds (units of 1e-8).
        case decimal(least: Int64, most: Int64)
        /// A whole number between the bounds.
        case integer(ClosedRange<Int64>)
        /// Whole numbers, each between the bounds, at most `count` of them, ascending.
        case integers(ClosedRange<Int64>, count: Int)
        /// One of these words.
        case choice([String])
        /// Some of these words.
        case choices([String])
        /// Free text.
        case text
        /// A name that files and folders may bear.
        case name
        /// Texts, such as globs.
        case texts
        /// A path, `~` allowed; empty: none.
        case path
        /// An `https` or `wss` URL.
        case url(scheme: String)
    }

    /// `section.key`; keys of the root have no section.
    public let path: String
    /// What a value must be.
    public let kind: Kind
    /// Default, as TOML text.
    public let standard: String
    /// What it means and in which unit.
    public let meaning: String

    init(_ path: String, _ kind: Kind, _ standard: String, _ meaning: String) {
        self.path = path
        self.kind = kind
        self.standard = standard
        self.meaning = meaning
    }

    /// The section, empty for the root, and the bare key.
    public var parts: (section: String, key: String) {
        guard let dot = path.lastIndex(of: ".") else { return ("", path) }
        return (String(path[..<dot]), String(path[path.index(after: dot)...]))
    }

    /// True for what bounds a loss, an exposure or an age: in live mode somebody must have said it.
    public var isLimit: Bool {
        let (section, key) = parts
        guard ["risk", "sizing", "unwind"].contains(section) else { return false }
        return key.hasPrefix("max_") || key.hasPrefix("dust_max_") || key == "unwind_reserve_usd"
    }

    /// What is expected, in words for an error.
    public var expectation: String {
        switch kind {
        case .money(let least, let most): "dollars as a string from \"\(Self.text(least))\" to \"\(Self.text(most))\""
        case .decimal(let least, let most):
            "a decimal number as a string from \"\(Self.text(least))\" to \"\(Self.text(most))\""
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .integers(let range, let count):
            "up to \(count) ascending whole numbers from \(range.lowerBound) to \(range.upperBound)"
        case .choice(let words): words.map { "\"\($0)\"" }.joined(separator: " or ")
        case .choices(let words): "some of [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]"
        case .text: "a string"
        case .name: "a name of 1 to 64 letters, digits, '.', '_' or '-' that begins with a letter or digit"
        case .texts: "an array of strings"
        case .path: "a path as a string; \"\" for none"
        case .url(let scheme): "a URL that begins with \(scheme)://"
        }
    }

    private static func text(_ units: Int64) -> String {
        let whole = units / 100_000_000
        let rest = units % 100_000_000
        guard rest != 0 else { return String(whole) }
        var fraction = String(rest)
        fraction = String(repeating: "0", count: 8 - fraction.utf8.count) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(whole).\(fraction)"
    }
}

/// A value that was read and checked.
public enum ConfigurationValue: Sendable, Hashable {
    /// Money and decimals, in 1e-8.
    case decimal(Int64)
    /// A whole number.
    case integer(Int64)
    /// Whole numbers.
    case integers([Int64])
    /// Text, a word, a path or a URL.
    case text(String)
    /// Texts or words.
    case texts([String])
}
