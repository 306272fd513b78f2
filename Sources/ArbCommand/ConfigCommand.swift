import Assembly
import Codec
import Trading

/// `arb config`: the configuration, checked, shown and explained.
enum ConfigCommand {
    static let check = CommandSpec(
        "config check", "read the configuration and all pair files; every mistake at its place", [])
    static let show = CommandSpec(
        "config show", "the effective configuration as TOML",
        [OptionSpec("--origin", nil, "say of each value where it came from")])
    static let explain = CommandSpec(
        "config explain", operands: "KEY", count: 1...1, "what a key means, its range and its default", [])
    static let schema = CommandSpec("config schema", "all keys as JSON", [])

    static func runCheck(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        let pairs = try context.pairs(configuration)
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.config-check/1")
            if let file = configuration.file { json.member("file", file) }
            json.member("good", true)
            json.member("pairs", pairs.pairs.count)
            json.member("sets", pairs.sets.count)
            json.member("pair_files", pairs.texts.count)
            json.endObject()
            context.terminal.out(json.string)
            return .done
        }
        context.terminal.out(
            "\(configuration.file ?? "no file, defaults alone"): good\n"
                + "pair files: \(pairs.texts.count), all good, with \(pairs.pairs.count) pairs and "
                + "\(pairs.sets.count) sets")
        return .done
    }

    static func runShow(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        if context.isJSON {
            context.terminal.out(json(configuration))
            return .done
        }
        guard context.parsed.has("--origin") else {
            context.terminal.out(Array(configuration.toml.utf8))
            return .done
        }
        for key in ConfigurationSchema.keys {
            let value = Configuration.toml(configuration.value(key.path))
            let setting = "\(key.path) = \(value)"
            let source = "# \(origin(configuration.origin(of: key.path), configuration))"
            context.terminal.out(
                setting.count + source.count + 3 < 80 ? setting + "   " + source : source + "\n" + setting)
        }
        return .done
    }

    private static func origin(_ origin: Configuration.Origin, _ configuration: Configuration) -> String {
        switch origin {
        case .standard: "default"
        case .file(let place): "\(configuration.file ?? "?"):\(place.line)"
        case .environment(let name): "environment \(name)"
        case .flag(let flag): "flag \(flag)"
        }
    }

    private static func json(_ configuration: Configuration) -> String {
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.config/1")
        for key in ConfigurationSchema.keys {
            json.key(key.path)
            json.beginObject()
            json.member("value", Configuration.toml(configuration.value(key.path)))
            json.member("origin", origin(configuration.origin(of: key.path), configuration))
            json.endObject()
        }
        json.endObject()
        return json.string
    }

    static func runExplain(_ context: CommandContext) throws -> ExitCode {
        let wanted = context.parsed.operands[0]
        guard
            let key = ConfigurationSchema.key(wanted)
                ?? ConfigurationSchema.keys.first(where: { $0.parts.key == wanted })
        else {
            let bare = NearestWord.of(wanted, among: ConfigurationSchema.keys.map(\.parts.key))
            let nearest =
                NearestWord.of(wanted, among: ConfigurationSchema.keys.map(\.path))
                ?? ConfigurationSchema.keys.first { $0.parts.key == bare }?.path
            throw CommandFailure(
                .usage, "E_CFG_UNKNOWN_KEY", "no key '\(wanted)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
        }
        let variable = "ARB__" + key.path.uppercased().replacing(".", with: "__")
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.config-key/1")
            json.member("key", key.path)
            json.member("meaning", key.meaning)
            json.member("takes", key.expectation)
            json.member("default", key.standard)
            json.member("environment", variable)
            json.endObject()
            context.terminal.out(json.string)
            return .done
        }
        context.terminal.out(
            [
                key.path, HelpText.paragraph(key.meaning, first: "  "),
                HelpText.paragraph(key.expectation, first: "  takes        "),
                HelpText.paragraph(key.standard, first: "  default      "), "  environment  " + variable,
            ].joined(separator: "\n"))
        return .done
    }

    static func runSchema(_ context: CommandContext) throws -> ExitCode {
        var json = JSONWriter(reserved: 1 << 14)
        json.beginObject()
        json.member("schema", "arb.config-schema/1")
        json.key("keys")
        json.beginArray()
        for key in ConfigurationSchema.keys {
            json.beginObject()
            json.member("key", key.path)
            json.member("takes", key.expectation)
            json.member("default", key.standard)
            json.member("meaning", key.meaning)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        context.terminal.out(json.string)
        return .done
    }
}
