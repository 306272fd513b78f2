import Assembly
import Store
import Threading
import Trading

/// `arb export`: a table of the ledger, row by row, to a file or a pipe.
enum ExportCommand {
    static let spec = CommandSpec(
        "export", operands: "TABLE", count: 1...1,
        "a table of the ledger, oldest first: \(Export.Table.allCases.map(\.rawValue).joined(separator: ", "))",
        [
            OptionSpec("--format", "FORMAT", "csv (the default) or ndjson"),
            OptionSpec("--out", "FILE", "into this file, whole or not at all (default standard output)"),
            OptionSpec("--since", "DURATION", "within this (default everything)"),
            OptionSpec("--pair", "TEXT", "pairs and sets whose id contains this"),
            OptionSpec("--venue", "VENUE", "kalshi or polymarket, where rows have one"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let name = context.parsed.operands[0]
        guard let table = Export.Table(rawValue: name) else {
            let words = Export.Table.allCases.map(\.rawValue)
            let nearest = NearestWord.of(name, among: words).map { "; did you mean '\($0)'?" } ?? ""
            throw UsageFault("'arb export' has no '\(name)'; it has \(words.joined(separator: ", "))\(nearest)")
        }
        let word = try context.word("--format", Export.Format.allCases.map(\.rawValue))
        guard !(context.isJSON && word == "csv") else { throw UsageFault("--json is --format ndjson") }
        let format = word.flatMap(Export.Format.init) ?? (context.isJSON ? .ndjson : .csv)
        var filter = Export.Filter()
        filter.since = try context.duration("--since").map { NanoClock.utc() + Nanoseconds(rawValue: -$0.rawValue) }
        filter.pair = context.option("--pair")
        filter.venue = try context.venue()
        let ledger = try context.ledger(try context.configuration())
        do {
            guard let path = context.option("--out"), path != "-" else {
                try Export.run(table, format, from: ledger, filter) { context.terminal.out($0) }
                return .done
            }
            var file = try ReportFile(path)
            try Export.run(table, format, from: ledger, filter) { try file.append($0) }
            try file.finish()
            context.terminal.say("written: \(path)")
        } catch let fault as StoreFault {
            throw CommandFailure(fault.exitCode, fault.code, fault.text)
        } catch let fault as ReportFile.Fault {
            throw CommandFailure.unwritten(fault)
        }
        return .done
    }
}

extension CommandFailure {
    /// A file that a person asked for could not be written.
    static func unwritten(_ fault: ReportFile.Fault) -> CommandFailure {
        CommandFailure(.cannotWrite, "E_STORE_IO", fault.text, fix: "name a file in a folder that can be written")
    }
}
