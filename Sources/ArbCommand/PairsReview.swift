import Assembly
import Codec
import Control
import Glibc
import Store
import Threading
import Trading

/// `arb pairs approve|suspend`: the word of a person about a pair, in its file and at once in a run that goes on.
enum PairsReview {
    static let approve = CommandSpec(
        "pairs approve", operands: "ID", count: 1...1,
        "write into its file that a person has compared both rule texts; a run goes on with it",
        [
            OptionSpec("--by", "NAME", "who reviewed it (default: your user name)"),
            OptionSpec("--note", "TEXT", "a remark for the next reader"),
        ])
    static let suspend = CommandSpec(
        "pairs suspend", operands: "ID", count: 1...1,
        "no entries on a pair: in a run that goes on at once, and in its file",
        [OptionSpec("--reason", "TEXT", "why, for the record")])

    static func runApprove(_ context: CommandContext) throws -> ExitCode {
        let now = NanoClock.utc()
        let review = PairFileEdit.Review(
            by: context.option("--by") ?? Identity.user, on: String(now.rfc3339.prefix(10)),
            note: context.option("--note") ?? "")
        // The file first: it refuses what must not be approved, such as rules that are not pinned.
        let id = try write(context, .approved, review)
        let told = try tell(context, "pairs-approve", id, reason: review.note)
        return finish(context, id, .approved, told ?? "no run holds the account: the next one trades it")
    }

    static func runSuspend(_ context: CommandContext) throws -> ExitCode {
        let configuration = try context.configuration()
        let id = try find(context, try context.pairs(configuration))
        // The run first: that is what is urgent, and a file that cannot be written must not keep it going.
        let told = try tell(context, "pairs-suspend", id, reason: context.option("--reason") ?? "")
        _ = try write(context, .suspended, nil)
        return finish(context, id, .suspended, told ?? "no run holds the account: the next one leaves it alone")
    }

    private static func finish(_ context: CommandContext, _ id: PairID, _ status: ReviewStatus, _ did: String)
        -> ExitCode
    {
        guard context.isJSON else {
            context.terminal.out(
                HelpText.paragraph("\(id.name): \(did)", first: status == .approved ? "APPROVED   " : "SUSPENDED  "))
            return .done
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("schema", "arb.pair-review/1")
        json.member("id", id.name)
        json.member("status", status.rawValue)
        json.member("did", did)
        json.endObject()
        context.terminal.out(json.string)
        return .done
    }

    private static func find(_ context: CommandContext, _ files: PairFiles) throws(CommandFailure) -> PairID {
        let wanted = context.parsed.operands[0]
        let ids = files.pairs.map(\.id) + files.sets.map(\.id)
        if let id = ids.first(where: { $0.name == wanted }) { return id }
        let nearest = NearestWord.of(wanted, among: ids.map(\.name))
        throw CommandFailure(
            .failure, "E_PAIR_NONE",
            "no pair or set is called '\(wanted)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
    }

    /// Changes the file; what then would be no good pair file is not written.
    private static func write(_ context: CommandContext, _ status: ReviewStatus, _ review: PairFileEdit.Review?) throws
        -> PairID
    {
        let files = try context.pairs(try context.configuration())
        let id = try find(context, files)
        for (index, file) in files.texts.enumerated() {
            guard let text = PairFileEdit.text(file.text, of: id, status: status, review: review) else { continue }
            guard text != file.text else { return id }
            var changed = files.texts
            changed[index] = CaptureHeader.PairText(path: file.path, text: text)
            let read: PairFiles
            do throws(SourceFaults) {
                read = try PairFiles(changed)
            } catch {
                throw CommandFailure(
                    .configuration, error.all.first?.code ?? "E_PAIR_VALUE", error.rendered,
                    fix: "nothing was written; arb pairs check \(id.name) says what the venues have")
            }
            guard same(files, read, but: id, status) else { break }
            let refusal = TextFile.replace(file.path, text)
            guard refusal == 0 else {
                throw CommandFailure(
                    .cannotWrite, "E_PAIR_FILE", "\(file.path): \(String(cString: strerror(refusal)))",
                    fix: "write status = \"\(status.rawValue)\" there by hand")
            }
            return id
        }
        throw CommandFailure(
            .configuration, "E_PAIR_FILE", "the status of '\(id.name)' is not on a line of its own",
            fix: "write status = \"\(status.rawValue)\" there by hand")
    }

    /// True when only that one review differs.
    private static func same(_ old: PairFiles, _ new: PairFiles, but id: PairID, _ status: ReviewStatus) -> Bool {
        let before = old.pairs.map { ($0.id, $0.status) } + old.sets.map { ($0.id, $0.status) }
        let after = new.pairs.map { ($0.id, $0.status) } + new.sets.map { ($0.id, $0.status) }
        return before.count == after.count
            && zip(before, after).allSatisfy { $0.0 == $1.0 && $1.1 == ($1.0 == id ? status : $0.1) }
    }

    /// Tells a run that holds the account.
    ///
    /// - Returns: what it did; nil where there is none.
    private static func tell(_ context: CommandContext, _ command: String, _ id: PairID, reason: String) throws
        -> String?
    {
        let target = context.controlTarget()
        guard target.holder != nil else { return try record(target, command, id, reason) }
        let reply: ControlReply
        do throws(ControlFault) {
            reply = try target.ask(
                ControlRequest(command, ["pair": id.name, "reason": reason, "who": Identity.user]),
                timeout: .seconds(10))
        } catch {
            throw error.failure
        }
        guard reply.isDone else {
            throw CommandFailure(ExitCode(rawValue: reply.exitCode) ?? .failure, reply.code, reply.text)
        }
        return reply.text
    }

    /// Nobody holds the account: it is taken for the record of this, where there is one.
    private static func record(_ target: ControlTarget, _ command: String, _ id: PairID, _ reason: String) throws
        -> String?
    {
        guard access(target.folder + "/ledger.db", F_OK) == 0 else { return nil }
        try OrdersCommand.stored { () throws(StoreFault) in
            let folder = try StateFolder(root: target.root, account: target.account)
            try Ledger(path: folder.path + "/ledger.db").add(
                Ledger.HaltRow(
                    at: NanoClock.utc(), action: command, who: Identity.user, host: Identity.host, pair: id.name,
                    reason: reason))
        }
        return nil
    }
}
