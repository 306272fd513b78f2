import Assembly
import Codec
import Glibc
import Threading
import Trading

/// A command that has to end with an exit code, with its words already said or given here.
struct CommandFailure: Error {
    let code: ExitCode
    let text: String
    /// Stable code of the error behind it, for `--json`.
    let error: String
    /// What a person can do.
    let fix: String

    /// - Parameter fix: empty: what the table of codes says.
    init(_ code: ExitCode, _ error: String, _ text: String, fix: String = "") {
        self.code = code
        self.error = error
        self.text = text
        self.fix = fix.isEmpty ? ErrorCatalog.fix(of: error) : fix
    }
}

/// What every command has at hand: its words, the environment, the configuration.
struct CommandContext {
    let parsed: ParsedCommand
    let terminal: Terminal
    let environment: [String: String]
    /// Every command of the program, for what tells of them all.
    let commands: [CommandSpec]

    var isJSON: Bool { parsed.has("--json") }
    var home: String { environment["HOME"] ?? "/" }

    func option(_ name: String) -> String? { parsed.options[name] }

    /// A duration option, in nanoseconds.
    func duration(_ name: String) throws -> Nanoseconds? {
        guard let text = option(name) else { return nil }
        return Nanoseconds(rawValue: try ParsedCommand.duration(text, of: name))
    }

    /// An amount option in dollars.
    func money(_ name: String) throws -> Money? {
        guard let text = option(name) else { return nil }
        guard let money = try? Money(decimal: text) else {
            throw UsageFault("\(name) '\(text)' is no amount; write 0.50")
        }
        return money
    }

    /// The file that is used: `--config`, `./arb.toml`, `~/.config/arb/arb.toml`; nil when there is none.
    func configurationFile() throws(CommandFailure) -> String? {
        if let named = option("--config") {
            guard access(named, R_OK) == 0 else {
                throw CommandFailure(.configuration, "E_CFG_FILE", "\(named): \(String(cString: strerror(errno)))")
            }
            return named
        }
        return ["arb.toml", home + "/.config/arb/arb.toml"].first { access($0, R_OK) == 0 }
    }

    /// The effective configuration.
    func configuration() throws(CommandFailure) -> Configuration {
        let file = try configurationFile()
        var text: String?
        if let file {
            guard let content = TextFile.read(file) else {
                throw CommandFailure(
                    .configuration, "E_CFG_FILE", "\(file) cannot be read, is larger than 4 MiB, or is not UTF-8")
            }
            text = content
        }
        var flags: [(path: String, value: String, flag: String)] = []
        // A command with a `--state` of its own (orders) takes the folder from the file or the environment.
        if let state = option("--state"), parsed.spec.ownGlobals.contains(where: { $0.name == "--state" }) {
            flags.append(("state_dir", absolute(state), "--state"))
        }
        if let account = option("--account") { flags.append(("account", account, "--account")) }
        for mode in TradingMode.allCases where parsed.has("--" + mode.rawValue) {
            flags.append(("mode", mode.rawValue, "--" + mode.rawValue))
        }
        func read(_ flags: [(path: String, value: String, flag: String)]) throws(CommandFailure) -> Configuration {
            do throws(SourceFaults) {
                return try ConfigurationReader.read(
                    text, file: file, folder: file.map { Self.folder(of: absolute($0)) } ?? absolute("."),
                    environment: environment, flags: flags)
            } catch {
                throw CommandFailure(
                    .configuration, error.all.first?.code ?? "E_CFG_SYNTAX", error.rendered,
                    fix: "mend the places above; 'arb config explain KEY' says what a key means")
            }
        }
        let configuration = try read(flags)
        // What is traded on paper has an account of its own: its rows are never taken for those of one with money.
        let account = configuration.text("account")
        guard configuration.text("mode") == TradingMode.paper.rawValue, !account.hasSuffix(TradingDesk.paperSuffix)
        else { return configuration }
        flags.removeAll { $0.path == "account" }
        return try read(flags + [("account", account + TradingDesk.paperSuffix, "--paper")])
    }

    /// True for an account of which all rows are a model.
    func isPaper(_ configuration: Configuration) -> Bool {
        configuration.text("account").hasSuffix(TradingDesk.paperSuffix)
    }

    /// What stands above everything that is shown of such an account.
    static let paperHeadline = "PAPER: a model of the live books, no order was sent"

    /// All pair files that the configuration names, read and checked.
    func pairs(_ configuration: Configuration) throws(CommandFailure) -> PairFiles {
        var files: [CaptureHeader.PairText] = []
        for pattern in configuration.texts("markets.pairs") {
            let absolute = pattern.hasPrefix("/") ? pattern : configuration.folder + "/" + pattern
            let found = TextFile.matching(absolute)
            if found.isEmpty, !pattern.contains("*"), !pattern.contains("?") {
                throw CommandFailure(.configuration, "E_PAIR_FILE", "\(absolute): no such pair file (markets.pairs)")
            }
            for path in found where !files.contains(where: { $0.path == path }) {
                guard let text = TextFile.read(path) else {
                    throw CommandFailure(
                        .configuration, "E_PAIR_FILE", "\(path) cannot be read, is larger than 4 MiB, or is not UTF-8")
                }
                files.append(CaptureHeader.PairText(path: path, text: text))
            }
        }
        do throws(SourceFaults) {
            return try PairFiles(files)
        } catch {
            throw CommandFailure(
                .configuration, error.all.first?.code ?? "E_PAIR_VALUE", error.rendered, fix: "mend the places above")
        }
    }

    private func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let here = getcwd(nil, 0)
        defer { free(here) }
        let folder = here.map { String(cString: $0) } ?? "."
        return path == "." ? folder : folder + "/" + path
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }
}

/// Small text files that people wrote.
enum TextFile {
    /// The content as UTF-8; nil when it cannot be read, is over 4 MiB or is not UTF-8.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= 4 << 20 {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { return String(validating: bytes, as: UTF8.self) }
            bytes.append(contentsOf: chunk[..<count])
        }
        return nil
    }

    /// The files that a pattern with `*` and `?` names, sorted.
    static func matching(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, GLOB_NOSORT, nil, &result) == 0 else { return [] }
        let paths = (0..<Int(result.gl_pathc)).compactMap { result.gl_pathv[$0].map { String(cString: $0) } }
        return paths.sorted()
    }

    /// Puts a text in place of a file's, whole or not at all; mode and owner stay, and a link leads where it led.
    ///
    /// - Returns: errno of the refusal; 0 when written.
    static func replace(_ given: String, _ text: String) -> Int32 {
        guard let resolved = realpath(given, nil) else { return errno }
        defer { free(resolved) }
        let path = String(cString: resolved)
        var status = stat()
        guard stat(path, &status) == 0 else { return errno }
        let beside = path + ".new-\(getpid())"
        let refusal = create(beside, text, mode: status.st_mode & 0o777)
        guard refusal == 0 else {
            if refusal != EEXIST { unlink(beside) }
            return refusal
        }
        guard rename(beside, path) == 0 else {
            let number = errno
            unlink(beside)
            return number
        }
        return 0
    }

    /// Writes a new file with the given mode.
    ///
    /// - Returns: errno of the refusal; 0 when written.
    static func create(_ path: String, _ text: String, mode: mode_t) -> Int32 {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return SystemCalls.write(Array(text.utf8), to: descriptor)
    }
}
