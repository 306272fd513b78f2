import Assembly
import Codec
import Glibc
import Threading
import Trading

/// `arb replay`: the recorded inputs through the core again.
enum ReplayCommand {
    static let spec = CommandSpec(
        "replay", operands: "FILE…", count: 1...64, "run recordings through the core; the same inputs decide the same",
        [
            OptionSpec("--verify", nil, "compare with what the recorded run decided; exit 6 on a difference"),
            OptionSpec("--decisions", "FILE", "write every decision, one JSON object a line"),
        ])

    static func run(_ context: CommandContext) throws -> ExitCode {
        var worst = ExitCode.done
        for path in context.parsed.operands {
            let code = try replay(path, context)
            if worst == .done { worst = code }
        }
        return worst
    }

    private static func replay(_ path: String, _ context: CommandContext) throws -> ExitCode {
        let reader: CaptureReader
        do {
            reader = try CaptureReader(path: path)
        } catch {
            throw CommandFailure(.failure, error.code, error.description)
        }
        let decisions = try context.option("--decisions").map { try DecisionFile($0) }
        let bar = ProgressBar(
            total: reader.size, isShown: isatty(STDERR_FILENO) == 1 && !context.isJSON && !context.parsed.has("--quiet")
        )
        let start = NanoClock.monotonic()
        let result: Replay.Findings
        do {
            result = try Replay.run(reader, write: decisions.map { file in { file.append($0) } }, progress: bar.show)
        } catch {
            throw refusal(error, path)
        }
        bar.clear()
        try decisions?.finish()
        let elapsed = NanoClock.monotonic() - start
        report(path, result, elapsed, context)
        if let fault = result.fault {
            Terminal.complain("arb: \(fault.code) \(fault.description)")
            return .failure
        }
        return context.parsed.has("--verify") && !result.isVerified ? .checkFailed : .done
    }

    private static func refusal(_ refusal: Replay.Refusal, _ path: String) -> CommandFailure {
        switch refusal {
        case .capture(let fault): CommandFailure(.failure, fault.code, fault.description)
        case .configuration(let faults):
            CommandFailure(.configuration, faults.all.first?.code ?? "E_CFG_SYNTAX", "\(path): \(faults.rendered)")
        case .pairs(let words):
            CommandFailure(.configuration, "E_PAIR_VALUE", "\(path): \(words.joined(separator: "\n"))")
        case .feeRules(let recorded):
            CommandFailure(
                .failure, "E_CAP_FEE_RULES",
                "\(path) was recorded under other fee rules (\(recorded.joined(separator: ", "))); "
                    + "this build has \(Core.feeRules.joined(separator: ", "))",
                fix: "replay it with the build that recorded it")
        }
    }

    private static func report(
        _ path: String, _ result: Replay.Findings, _ elapsed: Nanoseconds, _ context: CommandContext
    ) {
        let verdict = result.recorded == nil ? "unknown" : result.isVerified ? "equal" : "different"
        guard context.isJSON else {
            let seconds = FixedPoint.text(elapsed.rawValue / 10 / 1_000_000 * 1_000_000, decimals: 2)
            let rate = elapsed.rawValue > 0 ? Int128(result.inputs) * 1_000_000_000 / Int128(elapsed.rawValue) : 0
            let faster = elapsed.rawValue > 0 ? result.span.rawValue / elapsed.rawValue : 0
            context.terminal.out(
                "\(path): \(result.inputs) inputs in \(seconds) s (\(rate)/s, \(faster)x life), \(result.decisions) decisions\n"
                    + "decisions sha256 \(result.sha256)  recorded run: \(verdict)")
            return
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.replay/1")
        json.member("file", path)
        json.member("inputs", result.inputs)
        json.member("messages", result.frames)
        json.member("span_ns", result.span.rawValue)
        json.member("elapsed_ns", elapsed.rawValue)
        json.member("decisions", result.decisions)
        json.member("decisions_sha256", result.sha256)
        json.member("recorded", verdict)
        json.member("whole", result.fault == nil)
        json.endObject()
        context.terminal.out(json.string)
    }
}

/// Where `--decisions` goes.
private final class DecisionFile {
    private let path: String
    private let descriptor: Int32
    private var waiting: [UInt8] = []
    private var failure: Int32 = 0

    init(_ path: String) throws(CommandFailure) {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure(.cannotWrite, "E_CAP_IO", "\(path): \(String(cString: strerror(errno)))")
        }
    }

    func append(_ line: [UInt8]) {
        waiting += line
        if waiting.count > 1 << 18 { flush() }
    }

    private func flush() {
        if failure == 0 { failure = SystemCalls.write(waiting, to: descriptor) }
        waiting.removeAll(keepingCapacity: true)
    }

    func finish() throws(CommandFailure) {
        flush()
        close(descriptor)
        if failure != 0 {
            throw CommandFailure(.cannotWrite, "E_CAP_IO", "\(path): \(String(cString: strerror(failure)))")
        }
    }
}

/// How far a replay has come, on standard error.
private struct ProgressBar {
    let total: Int?
    let isShown: Bool

    func show(_ position: Int) {
        guard isShown, let total, total > 0 else { return }
        let tenths = min(1_000, position * 1_000 / total)
        let filled = tenths / 25
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 40 - filled)
        Terminal.draw("\r[\(bar)] \(tenths / 10).\(tenths % 10)%")
    }

    func clear() { if isShown { Terminal.draw("\r\u{1B}[K") } }
}
