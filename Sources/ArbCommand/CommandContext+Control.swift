import Assembly
import Codec
import Control
import Glibc
import Store
import Threading
import Trading

/// Which account a command of control is about. Found even where the configuration has errors: stopping needs nothing.
struct ControlTarget {
    /// `state_dir`, absolute.
    let root: String
    let account: String
    /// Why the configuration was not used; nil when it was.
    let remark: String?

    var folder: String { root + "/" + account }
    var latch: HaltLatch { HaltLatch(root: root, account: account) }

    /// The process that holds the account; nil when none does.
    var holder: Int32? { StateFolder.holder(root: root, account: account) }

    /// How long a run may take from taking the account to opening its socket.
    private static let startMax = Nanoseconds.seconds(10)

    /// Asks the run that holds the account.
    ///
    /// One that begins holds the account before it answers: while nothing was asked and somebody holds it, this waits.
    ///
    /// - Throws: `ControlFault`.
    func ask(_ request: ControlRequest, timeout: Nanoseconds) throws(ControlFault) -> ControlReply {
        let deadline = NanoClock.monotonic() + Self.startMax
        let pause = Semaphore()
        while true {
            do throws(ControlFault) {
                return try ControlClient.ask(folder: folder, request, timeout: timeout)
            } catch {
                guard error.kind == .unavailable, holder != nil, NanoClock.monotonic() < deadline else { throw error }
            }
            _ = pause.wait(timeout: .milliseconds(20))
        }
    }

    /// Every account with a folder under `state_dir`, this one first.
    var all: [ControlTarget] {
        var found = [self]
        guard let listing = opendir(root) else { return found }
        defer { closedir(listing) }
        while let entry = readdir(listing) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != "..", name != account, access(root + "/" + name + "/lock", F_OK) == 0 else {
                continue
            }
            found.append(ControlTarget(root: root, account: name, remark: nil))
        }
        return found.sorted { $0.account == account ? true : $1.account == account ? false : $0.account < $1.account }
    }
}

extension CommandContext {
    /// The target by configuration, options and environment; where the configuration cannot be read, by what is left.
    func controlTarget() -> ControlTarget {
        do {
            let configuration = try configuration()
            if let root = configuration.path("state_dir", home: home) {
                return ControlTarget(root: root, account: configuration.text("account"), remark: nil)
            }
            return guess("state_dir is empty")
        } catch {
            return guess(error.text.split(separator: "\n").first.map(String.init) ?? error.error)
        }
    }

    /// Has the run that holds the account read the accounts and take up what it finds, and says what it says.
    ///
    /// - Throws: `CommandFailure`.
    func ask(_ request: ControlRequest, _ target: ControlTarget) throws {
        let reply: ControlReply
        do throws(ControlFault) {
            reply = try target.ask(request, timeout: .seconds(60))
        } catch {
            throw error.failure
        }
        guard reply.isDone else {
            throw CommandFailure(ExitCode(rawValue: reply.exitCode) ?? .failure, reply.code, reply.text)
        }
        terminal.say(
            HelpText.paragraph(TerminalText.neutral(reply.text), first: request.command == "adopt" ? "" : "applied: "))
    }

    private func guess(_ why: String) -> ControlTarget {
        let given = option("--state") ?? environment["ARB__STATE_DIR"]
        var root = given ?? home + "/.local/state/arb"
        if root.hasPrefix("~/") { root = home + root.dropFirst() }
        if !root.hasPrefix("/") {
            let here = getcwd(nil, 0)
            defer { free(here) }
            root = (here.map { String(cString: $0) } ?? "") + "/" + root
        }
        let account = option("--account") ?? environment["ARB__ACCOUNT"] ?? "main"
        return ControlTarget(
            root: root, account: account, remark: "configuration not used (\(why)): account '\(account)' in \(root)")
    }

    /// The reply of a daemon as this command's result.
    func finish(_ reply: ControlReply, command: String) throws(CommandFailure) -> ExitCode {
        guard reply.isDone else {
            throw CommandFailure(
                ExitCode(rawValue: reply.exitCode) ?? .failure, reply.code.isEmpty ? "E_CTL_REFUSED" : reply.code,
                reply.text)
        }
        if isJSON {
            terminal.out(reply.detail ?? reply.line)
        } else {
            terminal.out(reply.text)
        }
        return ExitCode(rawValue: reply.exitCode) ?? .done
    }
}

extension ControlFault {
    /// What the shell is told.
    var failure: CommandFailure {
        let exit: ExitCode =
            switch kind {
            case .permissions: .permissions
            case .io: .cannotWrite
            case .unavailable, .timeout: .unavailable
            case .malformed, .refused: .failure
            }
        return CommandFailure(exit, code, text)
    }
}
