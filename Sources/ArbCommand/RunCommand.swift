import Assembly
import Glibc
import Trading

/// `arb run`: watches both venues, logs every opportunity, and with `--live` trades them.
enum RunCommand {
    static let spec = CommandSpec(
        "run", "watch the venues and log every opportunity; --paper and --live trade them",
        [
            OptionSpec("--dry-run", nil, "send nothing (the default)"),
            OptionSpec("--paper", nil, "send nothing; orders are filled by a model of the live books"),
            OptionSpec("--live", nil, "send orders; needs --confirm-account"),
            OptionSpec("--confirm-account", "NAME", "the account's name, typed once more"),
            OptionSpec("--pairs", "GLOB", "only the pairs and sets whose id fits"),
            OptionSpec("--for", "DURATION", "end after 60s, 15m, 24h …"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode { try WatchSession(context, recording: nil).run() }
}

/// `arb record`: the same, and every input goes into a file that replays to the same decisions.
enum RecordCommand {
    static let spec = CommandSpec(
        "record", "as run, and record every input for replay",
        RunCommand.spec.options.filter { !["--live", "--paper", "--confirm-account"].contains($0.name) } + [
            OptionSpec("--out", "FILE", "the recording (default arb-<time>.ndjson; must not exist)")
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        try WatchSession(context, recording: context.option("--out") ?? "").run()
    }
}
