import Assembly
import Trading

/// `arb keys test`: are the keys what they say they are, and do the venues accept them?
enum KeysCommand {
    static let test = CommandSpec(
        "keys test", "whether the keys are good, fit their wallet, and are accepted by the venues",
        [OptionSpec("--offline", nil, "ask no venue")])

    static func runTest(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        let pairs = try context.pairs(configuration)
        var findings = LocalChecks(configuration, pairs, home: context.home).keys()
        if !context.parsed.has("--offline") {
            let probe = VenueProbe(configuration, pairs, home: context.home, ours: [:])
            findings += Waiting.on { await probe.run(keysOnly: true) }
        }
        return DoctorCommand.show(findings, context)
    }
}
