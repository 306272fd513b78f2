import Arb
import Assembly
import Control
import Glibc
import Threading
import Trading

/// `arb close-exposure`: what stands alone, what each way of closing it costs, and, once that was seen, closes it.
///
/// The daemon does it where one runs, so that nobody races it; else this process takes the account, takes up what earlier
/// runs left, and does the same by the same socket, with entries off.
enum CloseExposureCommand {
    static let spec = CommandSpec(
        "close-exposure", "close what stands alone: the plan first, then, asked, the orders",
        [
            OptionSpec("--pair", "P", "this pair alone"),
            OptionSpec("--all", nil, "every pair (the default)"),
            OptionSpec("--max-loss", "USD", "most that closing one execution may lose (default: as configured)"),
            OptionSpec("--floor", "VENUE=PRICE", "least price of a sale; several with commas"),
            OptionSpec("--assume-unfilled", "ID", "take this unknown order for one that never entered"),
            OptionSpec("--plan", nil, "the plan alone"),
            OptionSpec("--yes", nil, "do not ask"),
        ])

    /// The longest that a sweep takes before it says how far it came.
    private static let sweepTimeout = Nanoseconds.seconds(115)

    static func run(_ context: CommandContext) throws -> ExitCode {
        let arguments = try arguments(context)
        guard !(context.parsed.has("--plan") && context.parsed.has("--yes")) else {
            throw UsageFault("--plan changes nothing, and --yes is for orders: one of them")
        }
        let target = context.controlTarget()
        if target.holder != nil { return try converse(arguments, target, context) }
        let session = try WatchSession(context, hand: "arb close-exposure: nothing is entered") { _, cell in
            try OperatorHand.waitForAccounts(cell)
            waitForBooks(arguments, target)
            return try converse(arguments, target, context)
        }
        return try session.run()
    }

    private static func arguments(_ context: CommandContext) throws -> [String: String] {
        guard context.option("--pair") == nil || !context.parsed.has("--all") else {
            throw UsageFault("--pair P, or --all")
        }
        var arguments = ["who": Control.Identity.user]
        arguments["pair"] = context.option("--pair")
        arguments["max_loss"] = context.option("--max-loss")
        arguments["floor"] = context.option("--floor")
        guard SweepOrder(ControlRequest("close-exposure", arguments)) != nil else {
            throw UsageFault("--max-loss wants dollars, and --floor VENUE=PRICE such as kalshi=0.40")
        }
        return arguments
    }

    /// In a process of our own the books have to come first: a plan without them would say that nothing can be done.
    private static func waitForBooks(_ arguments: [String: String], _ target: ControlTarget) {
        let deadline = NanoClock.monotonic() + .seconds(8)
        let pause = Semaphore()
        while NanoClock.monotonic() < deadline {
            guard let reply = try? ask("plan", arguments, target, .seconds(5)) else { return }
            // Without a way there may be no book yet, or none that was cross-checked.
            let lines = reply.text.split(separator: "\n")
            let alone = lines.count { $0.hasPrefix("EXPOSED") }, ways = lines.count { $0.hasSuffix("<- this one") }
            if alone == ways { return }
            _ = pause.wait(timeout: .milliseconds(200))
        }
    }

    // MARK: The conversation

    private static func converse(
        _ arguments: [String: String], _ target: ControlTarget, _ context: CommandContext
    ) throws -> ExitCode {
        if let name = context.option("--assume-unfilled") {
            guard context.parsed.has("--yes") || confirms("take order \(name) for one that never filled?") else {
                throw UsageFault("--assume-unfilled books an order as never filled: add --yes, or answer y")
            }
            var assumed = arguments
            assumed["assume_unfilled"] = name
            _ = try told(ask("assume", assumed, target, .seconds(30)), context)
        }
        let plan = try told(ask("plan", arguments, target, .seconds(30)), context)
        guard !context.parsed.has("--plan"), plan.exitCode != 0 else {
            return ExitCode(rawValue: plan.exitCode) ?? .failure
        }
        guard context.parsed.has("--yes") || confirms("close it?") else {
            context.terminal.say("nothing was ordered: add --yes, or answer y")
            return ExitCode(rawValue: plan.exitCode) ?? .failure
        }
        let result = try told(ask("run", arguments, target, sweepTimeout), context)
        return ExitCode(rawValue: result.exitCode) ?? .failure
    }

    private static func ask(
        _ action: String, _ arguments: [String: String], _ target: ControlTarget, _ timeout: Nanoseconds
    ) throws(CommandFailure) -> ControlReply {
        var all = arguments
        all["action"] = action
        do throws(ControlFault) {
            return try target.ask(ControlRequest("close-exposure", all), timeout: timeout)
        } catch {
            throw error.failure
        }
    }

    /// Says what a reply says; a refusal ends the command.
    private static func told(_ reply: ControlReply, _ context: CommandContext) throws(CommandFailure) -> ControlReply {
        guard reply.isDone else {
            throw CommandFailure(
                ExitCode(rawValue: reply.exitCode) ?? .failure, reply.code, reply.text, fix: "nothing was ordered")
        }
        context.terminal.out(context.isJSON ? reply.detail ?? reply.line : reply.text)
        return reply
    }

    /// Asks a person; without one the answer is no.
    private static func confirms(_ question: String) -> Bool {
        guard isatty(STDIN_FILENO) == 1 else { return false }
        Terminal.draw(question + " [y/N] ")
        let answer = readLine() ?? ""
        return answer.lowercased() == "y" || answer.lowercased() == "yes"
    }
}

/// What a command waits for that trades by its own hand.
enum OperatorHand {
    /// Waits until both accounts were read.
    ///
    /// - Throws: `CommandFailure` (69) when that takes too long.
    static func waitForAccounts(_ cell: StatusCell) throws(CommandFailure) {
        let deadline = NanoClock.monotonic() + .seconds(30)
        let pause = Semaphore()
        while cell.status?.trader?.isRead != true {
            guard NanoClock.monotonic() < deadline else {
                throw CommandFailure(
                    .unavailable, "E_NET_TIMEOUT", "the accounts could not be read within 30 s",
                    fix: "see 'arb doctor'; nothing was ordered")
            }
            _ = pause.wait(timeout: .milliseconds(50))
        }
    }
}
