/// Help, made from the commands themselves; fits 80 columns.
public enum HelpText {
    /// The overview.
    ///
    /// - Parameters:
    ///   - program: its name, as it is called.
    ///   - about: what it does, in a few words.
    public static func overview(
        _ specs: [CommandSpec], version: String, program: String = "arb",
        about: String = "cross-venue arbitrage, watched and logged"
    ) -> String {
        var lines = ["\(program) \(version): \(about)", "", "usage: \(program) COMMAND [OPTIONS]", ""]
        let width = (specs.map { $0.name.count + ($0.operands.isEmpty ? 0 : $0.operands.count + 1) }.max() ?? 0) + 2
        for spec in specs {
            let left = spec.operands.isEmpty ? spec.name : spec.name + " " + spec.operands
            lines += wrapped("  " + padded(left, width), spec.summary, indent: width + 2)
        }
        lines += ["", "Options of every command:"]
        lines += options(CommandSpec.globals + [OptionSpec("--version", nil, "version and build")])
        lines += ["", "'\(program) COMMAND --help' says more of one command."]
        return lines.joined(separator: "\n") + "\n"
    }

    /// One command.
    public static func command(_ spec: CommandSpec, program: String = "arb") -> String {
        var lines = wrapped("", "\(program) \(spec.name): \(spec.summary)", indent: 0)
        lines += [
            "",
            "usage: \(program) \(spec.name)\(spec.options.isEmpty ? "" : " [OPTIONS]")\(spec.operands.isEmpty ? "" : " " + spec.operands)",
        ]
        if !spec.options.isEmpty { lines += ["", "Options:"] + options(spec.options) }
        lines += ["", "Options of every command:"] + options(spec.ownGlobals)
        return lines.joined(separator: "\n") + "\n"
    }

    private static func options(_ options: [OptionSpec]) -> [String] {
        let width = (options.map { left($0).count }.max() ?? 0) + 2
        return options.flatMap { wrapped("  " + padded(left($0), width), $0.help, indent: width + 2) }
    }

    private static func left(_ option: OptionSpec) -> String { option.name + (option.argument.map { " " + $0 } ?? "") }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Text in lines of at most 79 columns, the first after `first`, the others after as many spaces. Words longer than
    /// a line are cut.
    public static func paragraph(_ text: String, first: String) -> String {
        let room = max(1, 79 - first.count)
        var words: [Substring] = []
        for word in text.split(separator: " ") {
            var rest = word
            while rest.count > room {
                words.append(rest.prefix(room))
                rest = rest.dropFirst(room)
            }
            words.append(rest)
        }
        return wrapped(first, words.joined(separator: " "), indent: first.count).joined(separator: "\n")
    }

    private static func wrapped(_ head: String, _ text: String, indent: Int) -> [String] {
        var lines: [String] = []
        var line = head
        for word in text.split(separator: " ") {
            let isStart = line.count <= indent || line == head
            if !isStart, line.count + 1 + word.count > 79 {
                lines.append(line)
                line = String(repeating: " ", count: indent)
            }
            line += (line.count == indent || line == head || line.isEmpty ? "" : " ") + word
        }
        return lines + [line]
    }
}
