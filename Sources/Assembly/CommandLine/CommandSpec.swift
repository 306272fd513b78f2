/// One option of a command.
public struct OptionSpec: Sendable, Hashable {
    /// Long name with dashes, such as `--since`.
    public let name: String
    /// What its value is called in the help; nil: it takes none.
    public let argument: String?
    /// One line of help.
    public let help: String

    /// An option.
    public init(_ name: String, _ argument: String? = nil, _ help: String) {
        self.name = name
        self.argument = argument
        self.help = help
    }
}

/// One command: what it is called, what it takes, what it does.
public struct CommandSpec: Sendable {
    /// Words after `arb`, such as `pairs list`.
    public let name: String
    /// What follows the options, such as `FILE…`; empty: nothing.
    public let operands: String
    /// Fewest and most operands.
    public let operandCount: ClosedRange<Int>
    /// One line of help.
    public let summary: String
    /// Its own options; the global ones come on top.
    public let options: [OptionSpec]

    /// A command.
    public init(
        _ name: String, operands: String = "", count: ClosedRange<Int> = 0...0, _ summary: String,
        _ options: [OptionSpec] = []
    ) {
        self.name = name
        self.operands = operands
        self.operandCount = count
        self.summary = summary
        self.options = options
    }

    /// The global options that this command does not use for something of its own.
    public var ownGlobals: [OptionSpec] {
        Self.globals.filter { global in !options.contains { $0.name == global.name } }
    }

    /// Options that every command takes; one that has an option of that name takes its own.
    public static let globals: [OptionSpec] = [
        OptionSpec("--config", "FILE", "configuration (default ./arb.toml, then ~/.config/arb/arb.toml)"),
        OptionSpec("--state", "DIR", "state folder instead of state_dir"),
        OptionSpec("--account", "NAME", "account instead of account"),
        OptionSpec("--json", nil, "machine-readable output, schema in every object"),
        OptionSpec("--quiet", nil, "nothing but results and errors"),
        OptionSpec("-v", nil, "more words about what happens"),
        OptionSpec("--no-color", nil, "no colours (also NO_COLOR)"),
        OptionSpec("--help", nil, "this text"),
    ]
}

/// A command line that cannot be carried out (exit 64).
public struct UsageFault: Error, Hashable, Sendable {
    /// What is wrong, with the nearest right word.
    public let text: String

    /// A fault.
    public init(_ text: String) { self.text = text }
}

/// A command line, read.
public struct ParsedCommand: Sendable {
    /// The command.
    public let spec: CommandSpec
    /// Options given, by name; those without a value have an empty one.
    public let options: [String: String]
    /// What followed.
    public let operands: [String]

    /// True when an option was given.
    public func has(_ option: String) -> Bool { options[option] != nil }

    /// Reads `arguments` (without the program's name).
    ///
    /// - Parameter program: what it is called in words about mistakes.
    /// - Throws: `UsageFault`.
    public init(_ arguments: [String], among specs: [CommandSpec], program: String = "arb") throws(UsageFault) {
        let all = CommandSpec.globals + specs.flatMap(\.options)
        let flags = Set(all.filter { $0.argument == nil }.map(\.name))
        let takers = Set(all.filter { $0.argument != nil }.map(\.name))
        // A name that takes a value in one command and none in another: which one it is is known with the command.
        var (words, _) = try Self.split(arguments, takers: takers.subtracting(flags))
        spec = try Self.command(&words, specs, program)
        let own = Set((spec.options + spec.ownGlobals).filter { $0.argument != nil }.map(\.name))
        let options: [(String, String?)]
        (words, options) = try Self.split(arguments, takers: takers.subtracting(flags).union(own))
        _ = try Self.command(&words, specs, program)
        operands = words
        self.options = try Self.checked(options, spec, program)
        guard spec.operandCount.contains(operands.count) || self.options["--help"] != nil else {
            let wanted = spec.operands.isEmpty ? "takes nothing more" : "takes \(spec.operands)"
            throw UsageFault(
                "'\(program) \(spec.name)' \(wanted); got \(operands.count == 0 ? "nothing" : operands.joined(separator: " "))"
            )
        }
    }

    /// Words, and options with what follows those that take a value.
    private static func split(_ arguments: [String], takers: Set<String>) throws(UsageFault) -> (
        words: [String], options: [(String, String?)]
    ) {
        var words: [String] = []
        var options: [(String, String?)] = []
        var index = 0
        var isLiteral = false
        while index < arguments.count {
            let word = arguments[index]
            index += 1
            if isLiteral || word == "-" || !word.hasPrefix("-") {
                words.append(word)
            } else if word == "--" {
                isLiteral = true
            } else if let equals = word.firstIndex(of: "="), word.hasPrefix("--") {
                options.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else if takers.contains(word) {
                guard index < arguments.count else { throw UsageFault("\(word) needs a value") }
                options.append((word, arguments[index]))
                index += 1
            } else {
                options.append((word, nil))
            }
        }
        return (words, options)
    }

    private static func command(_ words: inout [String], _ specs: [CommandSpec], _ program: String) throws(UsageFault)
        -> CommandSpec
    {
        for length in [2, 1] where words.count >= length {
            let name = words.prefix(length).joined(separator: " ")
            if let found = specs.first(where: { $0.name == name }) {
                words.removeFirst(length)
                return found
            }
        }
        guard let first = words.first else { throw UsageFault("no command") }
        let family = specs.filter { $0.name.hasPrefix(first + " ") }.map { String($0.name.dropFirst(first.count + 1)) }
        guard family.isEmpty else {
            let second = words.count > 1 ? words[1] : nil
            let nearest =
                second.flatMap { NearestWord.of($0, among: family) }.map { "; did you mean '\(first) \($0)'?" } ?? ""
            throw UsageFault("'\(program) \(first)' needs one of: \(family.joined(separator: ", "))\(nearest)")
        }
        let all = Set(specs.map { String($0.name.split(separator: " ")[0]) }).sorted()
        let nearest = NearestWord.of(first, among: all).map { "; did you mean '\($0)'?" } ?? "; see '\(program) --help'"
        throw UsageFault("unknown command '\(first)'\(nearest)")
    }

    private static func checked(_ given: [(String, String?)], _ spec: CommandSpec, _ program: String)
        throws(UsageFault) -> [String: String]
    {
        let known = spec.options + spec.ownGlobals
        var options: [String: String] = [:]
        for (word, value) in given {
            let name = word == "-h" ? "--help" : word
            guard let option = known.first(where: { $0.name == name }) else {
                let nearest = NearestWord.of(name, among: known.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
                throw UsageFault("'\(program) \(spec.name)' has no option '\(name)'\(nearest)")
            }
            guard options[name] == nil else { throw UsageFault("\(name) is given twice") }
            if option.argument != nil, value == nil { throw UsageFault("\(name) needs a value") }
            if option.argument == nil, value != nil { throw UsageFault("\(name) takes no value") }
            options[name] = value ?? ""
        }
        return options
    }

    /// Text as a duration: `500ms`, `60s`, `15m`, `24h`, `7d`.
    ///
    /// - Throws: `UsageFault`.
    public static func duration(_ text: String, of option: String) throws(UsageFault) -> Int64 {
        let units: [(suffix: String, nanoseconds: Int64)] = [
            ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
            ("d", 86_400_000_000_000),
        ]
        for (suffix, nanoseconds) in units where text.hasSuffix(suffix) {
            let digits = text.dropLast(suffix.count)
            guard digits.allSatisfy(\.isNumber), let count = Int64(digits), count <= 1_000_000 else { continue }
            return count * nanoseconds
        }
        throw UsageFault("\(option) '\(text)' is no duration; write 500ms, 60s, 15m, 24h or 7d")
    }
}
