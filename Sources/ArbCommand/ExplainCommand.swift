import Assembly

/// `arb explain`: what an error code means and what to do about it.
enum ExplainCommand {
    static let spec = CommandSpec(
        "explain", operands: "CODE", count: 1...1, "what an error code means and what to do", [])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let wanted = context.parsed.operands[0].uppercased()
        guard let entry = ErrorCatalog.entries.first(where: { $0.code == wanted }) else {
            let nearest = NearestWord.of(wanted, among: ErrorCatalog.entries.map(\.code))
            throw CommandFailure(
                .usage, "E_CLI_USAGE", "no error code '\(wanted)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
        }
        context.terminal.out(
            "\(entry.code)\n  \(entry.meaning)\n  retried: \(entry.retryable)   outcome known: \(entry.outcomeKnown)")
        return .done
    }
}
