public import Trading

/// The effective configuration: defaults, file, environment and flags, in that order, every value checked.
public struct Configuration: Sendable {
    /// Where a value came from.
    public enum Origin: Hashable, Sendable {
        /// The default of the table.
        case standard
        /// The file, at this place.
        case file(SourcePlace)
        /// An environment variable.
        case environment(String)
        /// A flag of the command line.
        case flag(String)
    }

    private var values: [String: ConfigurationValue]
    private var origins: [String: Origin]
    /// The file that was read; nil for defaults alone.
    public let file: String?
    /// Folder of the file: relative paths in it start here.
    public let folder: String

    init(values: [String: ConfigurationValue], origins: [String: Origin], file: String?, folder: String) {
        self.values = values
        self.origins = origins
        self.file = file
        self.folder = folder
    }

    /// Where the value of a key came from.
    public func origin(of path: String) -> Origin { origins[path] ?? .standard }

    /// The value of a key of the schema.
    public func value(_ path: String) -> ConfigurationValue {
        guard let value = values[path] else { preconditionFailure("no key '\(path)' in the schema") }
        return value
    }

    /// Text, a word, a path or a URL.
    public func text(_ path: String) -> String {
        guard case .text(let text) = value(path) else { preconditionFailure("'\(path)' is no text") }
        return text
    }

    /// Texts or words.
    public func texts(_ path: String) -> [String] {
        guard case .texts(let texts) = value(path) else { preconditionFailure("'\(path)' is no list of texts") }
        return texts
    }

    /// A whole number.
    public func integer(_ path: String) -> Int64 {
        guard case .integer(let integer) = value(path) else { preconditionFailure("'\(path)' is no whole number") }
        return integer
    }

    /// Whole numbers.
    public func integers(_ path: String) -> [Int64] {
        guard case .integers(let integers) = value(path) else { preconditionFailure("'\(path)' is no list of numbers") }
        return integers
    }

    /// A decimal or an amount, in 1e-8.
    public func decimal(_ path: String) -> Int64 {
        guard case .decimal(let units) = value(path) else { preconditionFailure("'\(path)' is no decimal") }
        return units
    }

    /// An amount in dollars.
    public func money(_ path: String) -> Money { Money(rawValue: decimal(path)) }

    /// A path with `~` replaced and relative ones resolved against the file's folder; nil when empty.
    public func path(_ key: String, home: String) -> String? {
        let text = text(key)
        if text.isEmpty { return nil }
        if text == "~" { return home }
        if text.hasPrefix("~/") { return home + text.dropFirst() }
        return text.hasPrefix("/") ? text : folder + "/" + text
    }

    /// Milliseconds of a key, as a duration.
    public func milliseconds(_ path: String) -> Nanoseconds { .milliseconds(integer(path)) }

    /// Seconds of a key, as a duration.
    public func seconds(_ path: String) -> Nanoseconds { .seconds(integer(path)) }

    /// The whole configuration as TOML that reads back to the same values.
    public var toml: String {
        var lines: [String] = []
        for section in ConfigurationSchema.sections {
            if !section.isEmpty { lines.append("[\(section)]") }
            for key in ConfigurationSchema.keys where key.parts.section == section {
                lines.append("\(key.parts.key) = \(Self.toml(value(key.path)))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// One value as TOML.
    public static func toml(_ value: ConfigurationValue) -> String {
        switch value {
        case .decimal(let units): "\"\(FixedPoint.text(units))\""
        case .integer(let integer): String(integer)
        case .integers(let integers): "[\(integers.map(String.init).joined(separator: ", "))]"
        case .text(let text): quoted(text)
        case .texts(let texts): "[\(texts.map(quoted).joined(separator: ", "))]"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
