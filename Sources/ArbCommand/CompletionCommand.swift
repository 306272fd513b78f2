import Assembly

/// `arb completion`: words for the shell's completion.
enum CompletionCommand {
    static let spec = CommandSpec(
        "completion", operands: "bash|zsh|fish", count: 1...1,
        "shell completion; put its output where your shell looks", [])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let commands = context.commands
        switch context.parsed.operands[0] {
        case "bash": context.terminal.out(bash(commands))
        case "zsh": context.terminal.out("autoload -U +X bashcompinit && bashcompinit\n" + bash(commands))
        case "fish": context.terminal.out(fish(commands))
        default: throw UsageFault("completion is there for bash, zsh and fish")
        }
        return .done
    }

    private static func bash(_ commands: [CommandSpec]) -> String {
        let first = Set(commands.map { String($0.name.split(separator: " ")[0]) }).sorted().joined(separator: " ")
        // The longest name first: the shell takes the first case that fits.
        let cases = commands.sorted { $0.name.count > $1.name.count }.map { spec in
            let words = (spec.options + spec.ownGlobals).map(\.name).joined(separator: " ")
            return "    \"\(spec.name)\"*) words=\"\(words)\" ;;"
        }
        let families = Dictionary(grouping: commands.filter { $0.name.contains(" ") }) {
            $0.name.split(separator: " ")[0]
        }
        .sorted { $0.key < $1.key }
        .map { family in
            let alone = commands.first { $0.name == family.key }.map { $0.options + $0.ownGlobals } ?? []
            let words = family.value.map { String($0.name.split(separator: " ")[1]) } + alone.map(\.name)
            return "    \"\(family.key)\") words=\"\(words.joined(separator: " "))\" ;;"
        }
        return """
            _arb() {
                local line="${COMP_WORDS[*]:1:COMP_CWORD-1}" words="\(first)"
                case "$line" in
                "") ;;
            \(families.joined(separator: "\n"))
            \(cases.joined(separator: "\n"))
                esac
                COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))
            }
            complete -o default -F _arb arb
            """
    }

    private static func fish(_ commands: [CommandSpec]) -> String {
        commands.flatMap { spec -> [String] in
            let words = spec.name.split(separator: " ")
            let seen = words.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
            let parent = words.count == 1 ? "__fish_use_subcommand" : "__fish_seen_subcommand_from \(words[0])"
            return [
                "complete -c arb -n '\(parent)' -a '\(words[words.count - 1])' -d '\(spec.summary.replacing("'", with: ""))'"
            ]
                + spec.options.map { option in
                    "complete -c arb -n '\(seen)' -l '\(option.name.drop { $0 == "-" })'\(option.argument == nil ? "" : " -r")"
                }
        }.joined(separator: "\n")
    }
}
