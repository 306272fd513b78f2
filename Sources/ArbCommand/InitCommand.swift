import Assembly
import Glibc

/// `arb init`: a commented configuration to begin with.
enum InitCommand {
    static let spec = CommandSpec("init", "write a commented arb.toml here, and say what comes next", [])

    static func run(_ context: CommandContext) throws -> ExitCode {
        let path = context.option("--config") ?? "arb.toml"
        let failure = TextFile.create(path, template, mode: 0o600)
        guard failure == 0 else {
            let reason =
                failure == EEXIST ? "is there already; nothing was changed" : String(cString: strerror(failure))
            throw CommandFailure(.cannotWrite, "E_CFG_FILE", "\(path): \(reason)")
        }
        context.terminal.out(
            """
            wrote \(path) (every key with its default and meaning)
            next: 1. put your Kalshi key id and key file into [venues.kalshi] (chmod 600 the key)
                  2. put pair files into Markets/
                  3. arb config check && arb run --dry-run
            """)
        return .done
    }

    static var template: String {
        var lines = ["# arb configuration. Amounts are strings. 'arb config explain KEY' says more.", ""]
        for section in ConfigurationSchema.sections {
            if !section.isEmpty { lines += ["", "[\(section)]"] }
            for key in ConfigurationSchema.keys where key.parts.section == section {
                lines.append("# \(key.meaning)")
                lines.append("\(key.parts.key) = \(key.standard)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
