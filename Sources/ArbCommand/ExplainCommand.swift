import Assembly
import Codec

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
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.error-code/1")
            json.member("code", entry.code)
            json.member("meaning", entry.meaning)
            json.member("retryable", entry.retryable)
            json.member("outcome_known", entry.outcomeKnown)
            json.member("fix", ErrorCatalog.fix(of: entry.code))
            json.endObject()
            context.terminal.out(json.string)
            return .done
        }
        context.terminal.out(
            [
                entry.code, HelpText.paragraph(entry.meaning, first: "  "),
                HelpText.paragraph(entry.retryable, first: "  retried        "),
                HelpText.paragraph(entry.outcomeKnown, first: "  outcome known  "),
                HelpText.paragraph(ErrorCatalog.fix(of: entry.code), first: "  to do          "),
            ].joined(separator: "\n"))
        return .done
    }
}
