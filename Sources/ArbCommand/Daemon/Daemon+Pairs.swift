import Arb
import Assembly
import Control
import Store
import Threading
import Trading

// `pairs approve|suspend` inside a run: the file is the command's, what is traded is the hot lane's.
extension Daemon {
    /// `pairs-approve` or `pairs-suspend` at the socket.
    func review(_ request: ControlRequest, isApproved: Bool, _ responder: ControlServer.Responder) {
        guard let desk else {
            return responder.send(.done("a dry run sends nothing: it reads the file at its next start"))
        }
        let (pair, who) = (PairID(request["pair"] ?? ""), request["who"] ?? Control.Identity.user)
        let given = request["reason"] ?? ""
        let reason = "by \(who)" + (given.isEmpty ? "" : ": \(given)")
        let isTaken = desk.work.post { [self] now in
            guard desk.trader.knows(pair) else {
                return responder.send(
                    .done("this run began without it and leaves it alone; start again to have it read"))
            }
            let words: String
            if isApproved {
                guard desk.trader.approve(pair, at: now) else {
                    return responder.send(
                        .done("this run began before it was approved: it is traded after the next start"))
                }
                let causes = desk.trader.stops(of: pair)
                words =
                    causes.isEmpty
                    ? "entries go on in this run"
                    : "still stopped in this run: \(causes.joined(separator: ", ")); arb resume --pair \(pair.name)"
            } else {
                desk.trader.suspend(pair, reason, at: now)
                words = "no entry of it leaves any more; what is open is closed as ever"
            }
            let row = Ledger.HaltRow(
                at: now.utc, action: request.command, who: who, host: Control.Identity.host, pair: pair.name,
                reason: given)
            office.perform { ledger in try? ledger?.add(row) }
            reportSoon()
            responder.send(.done(words))
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }
}
