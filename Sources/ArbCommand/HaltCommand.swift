import Assembly
import Codec
import Control
import Glibc
import Threading
import Trading

/// `arb halt`: stops by every means there is, and says which of them worked. One is enough.
enum HaltCommand {
    static let spec = CommandSpec(
        "halt", "stop everything at once, daemon or not; latched until 'arb resume'",
        [
            OptionSpec("--cancel-all", nil, "cancel open orders too"),
            OptionSpec("--reason", "TEXT", "why, for the record"),
            OptionSpec("--all-instances", nil, "every account under state_dir"),
        ])

    /// One means and what came of it.
    private struct Step {
        let means: String
        let isDone: Bool
        let text: String
    }

    static func run(_ context: CommandContext) throws -> ExitCode {
        let target = context.controlTarget()
        if let remark = target.remark { context.terminal.say("arb: \(remark)") }
        var worst = ExitCode.done
        for target in context.parsed.has("--all-instances") ? target.all : [target] {
            let steps = halt(target, context)
            let isHalted = steps.contains { $0.isDone }
            if !isHalted { worst = .failure }
            report(target, steps, isHalted, context)
        }
        return worst
    }

    private static func halt(_ target: ControlTarget, _ context: CommandContext) -> [Step] {
        let reason = context.option("--reason") ?? ""
        let cancelsAll = context.parsed.has("--cancel-all")
        let notice = HaltNotice.here(
            account: target.account, reason: reason, cancelsAll: cancelsAll, at: NanoClock.utc())
        var steps: [Step] = []
        let holder = target.holder
        if let holder, holder > 0 {
            // The quickest way: the daemon stops sending before it knows why.
            let number = kill(holder, SIGUSR1) == 0 ? 0 : errno
            steps.append(
                Step(
                    means: "signal", isDone: number == 0,
                    text: number == 0 ? "process \(holder)" : "process \(holder): \(String(cString: strerror(number)))")
            )
        } else {
            steps.append(Step(means: "signal", isDone: false, text: "no process holds the account"))
        }
        steps.append(ask(target, reason, cancelsAll, isRunning: holder != nil))
        for (name, file) in zip(["latch", "latch in memory"], target.latch.files) {
            let refusal = target.latch.set(notice, file: file)
            steps.append(Step(means: name, isDone: refusal == nil, text: refusal.map { "\(file): \($0)" } ?? file))
        }
        return steps
    }

    private static func ask(_ target: ControlTarget, _ reason: String, _ cancelsAll: Bool, isRunning: Bool) -> Step {
        guard isRunning else { return Step(means: "socket", isDone: false, text: "no daemon") }
        do throws(ControlFault) {
            let reply = try ControlClient.ask(
                folder: target.folder,
                ControlRequest(
                    "halt", ["reason": reason, "cancel_all": cancelsAll ? "true" : "false", "who": Identity.user]),
                timeout: .seconds(3))
            return Step(means: "socket", isDone: reply.isDone, text: reply.text)
        } catch {
            return Step(means: "socket", isDone: false, text: error.text)
        }
    }

    private static func report(_ target: ControlTarget, _ steps: [Step], _ isHalted: Bool, _ context: CommandContext) {
        guard !context.isJSON else {
            var json = JSONWriter()
            json.beginObject()
            json.member("schema", "arb.halt-result/1")
            json.member("account", target.account)
            json.member("host", Identity.host)
            json.member("halted", isHalted)
            json.member("cancel_all", context.parsed.has("--cancel-all"))
            json.key("means")
            json.beginArray()
            for step in steps {
                json.beginObject()
                json.member("means", step.means)
                json.member("done", step.isDone)
                json.member("text", step.text)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            context.terminal.out(json.string)
            return
        }
        let words = isHalted ? "HALTED" : "NOT HALTED: nothing worked"
        context.terminal.out(
            "\(words)  account '\(Terminal.clean(target.account))' on \(Terminal.clean(Identity.host))")
        for step in steps {
            let means = step.means + String(repeating: " ", count: max(1, 17 - step.means.count))
            context.terminal.out(
                HelpText.paragraph(Terminal.clean(step.text), first: "  \(step.isDone ? "done" : "-   ")  \(means)"))
        }
        if isHalted { context.terminal.say("until: arb resume --reason TEXT") }
    }
}
