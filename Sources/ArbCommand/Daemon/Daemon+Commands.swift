import Arb
import Assembly
import Control
import Glibc
import Store
import Threading
import Trading

// What a running daemon is asked at its socket.
extension Daemon {
    /// Answers one request. On the socket's thread.
    func take(_ request: ControlRequest, _ peer: ControlServer.Peer, _ responder: ControlServer.Responder) {
        switch request.command {
        case "halt": halt(request, responder)
        case "resume": resume(request, responder)
        case "close-exposure": closeExposure(request, responder)
        case "reconcile": reconcile(request, responder)
        case "adopt": adopt(request, responder)
        case SecondInstance.command: instanceRefused(request, responder)
        case "pairs-approve": review(request, isApproved: true, responder)
        case "pairs-suspend": review(request, isApproved: false, responder)
        case "alert-ack": acknowledge(request, responder)
        case "status":
            let report = report(at: NanoClock().now())
            responder.send(.done(report.exposureLine, exitCode: report.exitCode, detail: report.json))
        default:
            responder.send(
                .refused(
                    ControlFault.Kind.refused.rawValue, "the daemon does not know '\(request.command)'", exitCode: 64))
        }
    }

    private func acknowledge(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        let word = request["number"] ?? "", who = request["who"] ?? Control.Identity.user
        guard word == "all" || Int64(word) != nil else {
            return responder.send(.refused("E_CTL_MALFORMED", "no number of an alert", exitCode: 64))
        }
        let isTaken = office.perform { ledger in
            guard let ledger else {
                return responder.send(.refused("E_STORE_IO", "the ledger cannot be written", exitCode: 73))
            }
            do throws(StoreFault) {
                responder.send(AlertCommand.reply(try AlertCommand.acknowledge(Int64(word), who, in: ledger), word))
            } catch {
                responder.send(.refused(error.code, error.text, exitCode: error.exitCode.rawValue))
            }
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    // MARK: Resume

    private struct Resume: Sendable {
        let pair: String?
        let reason: String
        let accepts: Bool
        let who: String
        /// What was halted when it was asked: a halt that comes later is not ended by it.
        let halts: UInt64

        init(_ request: ControlRequest, halts: UInt64) {
            pair = request["pair"]
            reason = request["reason"] ?? ""
            accepts = request.isSet("accept_exposure") && !reason.isEmpty
            who = request["who"] ?? Control.Identity.user
            self.halts = halts
        }
    }

    private func resume(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        let asked = Resume(request, halts: flag.count)
        guard let desk else {
            return later { [self] in
                if let refusal = unlatch() { return responder.send(refusal) }
                flag.lower(upTo: asked.halts)
                goOn()
                done(asked, breakers: 0, unknown: 0, responder)
            }
        }
        let isTaken = desk.work.post { [self] now in
            // On the hot lane: whether it may be, and, for a pair, done.
            if let pair = asked.pair {
                let name = PairID(pair)
                guard desk.trader.knows(name) else {
                    return responder.send(.refused("E_PAIR_NONE", "no pair '\(pair)' is traded", exitCode: 1))
                }
                let breakers = desk.trader.openBreakers
                if let refusal = desk.trader.resume(pair: name, acceptExposure: asked.accepts, at: now) {
                    return responder.send(.refused("E_EXEC_RESUME_REFUSED", refusal, exitCode: 3))
                }
                return done(asked, breakers: breakers - desk.trader.openBreakers, unknown: 0, responder)
            }
            guard desk.trader.unknownLegs == 0 || asked.accepts else {
                return responder.send(refused(desk.trader.unknownNames))
            }
            // Files are not for the hot lane.
            later { [self] in unlatchAndGoOn(asked, desk, responder) }
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    private func unlatchAndGoOn(_ asked: Resume, _ desk: TradingDesk, _ responder: ControlServer.Responder) {
        let ended = Semaphore()
        if let refusal = unlatch() { return responder.send(refusal) }
        let isTaken = desk.work.post { [self] now in
            defer { ended.signal() }
            let (breakers, unknown) = (desk.trader.openBreakers, desk.trader.unknownLegs)
            if desk.trader.resume(pair: nil, acceptExposure: asked.accepts, at: now) != nil {
                // Something became unknown since: the latch is set again, for the flag is still raised.
                return responder.send(refused(desk.trader.unknownNames))
            }
            flag.lower(upTo: asked.halts)
            goOn()
            done(asked, breakers: breakers - desk.trader.openBreakers, unknown: unknown, responder)
        }
        if isTaken { _ = ended.wait(timeout: .seconds(5)) }
    }

    private func refused(_ unknown: [String]) -> ControlReply {
        let names = unknown.prefix(3).joined(separator: ", ") + (unknown.count > 3 ? " …" : "")
        return .refused(
            "E_EXEC_RESUME_REFUSED",
            "UNKNOWN \(unknown.count) \(unknown.count == 1 ? "leg" : "legs"): \(names); they are being asked about. "
                + "Knowing what is held: arb resume --accept-exposure --reason TEXT", exitCode: 3)
    }

    private func unlatch() -> ControlReply? {
        do throws(ControlFault) {
            try latch.clear()
            return nil
        } catch {
            return .refused(error.code, "\(error.text); it is halted still", exitCode: 73)
        }
    }

    private func done(_ asked: Resume, breakers: Int, unknown: Int, _ responder: ControlServer.Responder) {
        let row = Ledger.HaltRow(
            at: NanoClock.utc(), action: "resume", who: asked.who, host: Control.Identity.host, pair: asked.pair,
            reason: asked.reason, acceptedExposure: asked.accepts)
        reportSoon()
        let scope = asked.pair.map { "pair '\($0)'" } ?? "everything"
        let words = "RESUMED  \(scope); \(breakers) \(breakers == 1 ? "breaker" : "breakers") closed"
        let reply = ControlReply.done(unknown > 0 ? words + "; UNKNOWN \(unknown) legs accepted" : words)
        // Who asked, and why, is on record when the answer is read.
        let isTaken = office.perform { ledger in
            try? ledger?.add(row)
            responder.send(reply)
        }
        if !isTaken { responder.send(reply) }
    }
}
