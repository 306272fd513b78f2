import Arb
import Assembly
import Control
import Store
import Synchronization
import Threading
import Trading

// `close-exposure` inside a run: there is one hand on the orders, so a sweep never races the machine's own closing.
extension Daemon {
    /// How long a sweep may take beyond the time that the machine gives itself.
    private static let sweepMargin = Nanoseconds.seconds(5)
    private static let lookEvery = Nanoseconds.milliseconds(100)

    /// `close-exposure` at the socket.
    func closeExposure(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        guard let desk else {
            return responder.send(
                .refused("E_CTL_REFUSED", "a dry run holds nothing: end it, and ask again", exitCode: 1))
        }
        guard let order = SweepOrder(request) else {
            return responder.send(.refused("E_CTL_MALFORMED", "an amount or a floor cannot be read", exitCode: 64))
        }
        if let pair = order.pair, !desk.trader.knows(pair) {
            return responder.send(.refused("E_PAIR_NONE", "no pair '\(pair.name)' is traded", exitCode: 1))
        }
        if let name = request["assume_unfilled"] {
            return assume(name, request["who"] ?? Control.Identity.user, desk, responder)
        }
        let isPlan = request["action"] != "run"
        let isTaken = desk.work.post { [self] now in
            guard !isPlan else {
                return Self.send(SweepReport(phase: .plan, rows: desk.trader.sweepRows(order, at: now)), responder)
            }
            let isBegun = begin(order, desk, at: now) { Self.send($0, responder) }
            if !isBegun { responder.send(.refused("E_CTL_REFUSED", "a sweep is under way already", exitCode: 1)) }
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    private static func send(_ report: SweepReport, _ responder: ControlServer.Responder) {
        responder.send(.done(report.text, exitCode: report.exitCode.rawValue, detail: report.json))
    }

    private func assume(_ name: String, _ who: String, _ desk: TradingDesk, _ responder: ControlServer.Responder) {
        let isTaken = desk.work.post { [self] now in
            if let refusal = desk.trader.assumeUnfilled(name, by: who, at: now) {
                return responder.send(.refused("E_CTL_REFUSED", refusal, exitCode: 1))
            }
            let row = Ledger.HaltRow(
                at: now.utc, action: "assume-unfilled", who: who, host: Control.Identity.host, reason: name,
                acceptedExposure: true)
            office.perform { ledger in try? ledger?.add(row) }
            responder.send(.done("order \(name) is taken for one that never entered, on \(who)'s word"))
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    // MARK: The sweep

    /// Begins a sweep; on the hot lane.
    ///
    /// - Parameter answer: gets what is left when it is over.
    /// - Returns: false while another one goes on.
    func begin(
        _ order: SweepOrder, _ desk: TradingDesk, at now: Stamp, answer: @escaping @Sendable (SweepReport) -> Void
    ) -> Bool {
        guard sweep.withLock({ $0 == nil }) else { return false }
        let executions = desk.trader.beginSweep(order, at: now)
        let begun = Sweep(
            order: order, executions: executions,
            deadline: now.monotonic + identity.closeDeadline + Self.sweepMargin, nextLook: now.monotonic,
            answer: answer)
        sweep.withLock { $0 = begun }
        return true
    }

    /// Looks whether the sweep is over; on the clock's thread.
    func lookAtSweep(_ desk: TradingDesk, at now: MonotonicNanos) {
        let due = sweep.withLock { sweep -> Sweep? in
            guard let found = sweep, found.nextLook <= now else { return nil }
            sweep?.nextLook = now + Self.lookEvery
            return found
        }
        guard let due else { return }
        _ = desk.work.post { [self] stamp in
            let swept = Set(due.executions)
            let left = desk.trader.sweepRows(due.order, at: stamp).filter { swept.contains($0.execution) }
            guard left.isEmpty || stamp.monotonic >= due.deadline else { return }
            // A look that was posted before the end finds nothing to end.
            guard
                sweep.withLock({ current in
                    guard current != nil else { return false }
                    current = nil
                    return true
                })
            else { return }
            desk.trader.endSweep(due.executions)
            reportSoon()
            let open = Set(left.map(\.execution))
            due.answer(
                SweepReport(phase: .result, rows: left, closed: due.executions.filter { !open.contains($0) }))
        }
    }
}

extension SweepOrder {
    /// What a request asks for; nil where an amount cannot be read.
    init?(_ request: ControlRequest) {
        self.init()
        pair = request["pair"].map { PairID($0) }
        if let text = request["max_loss"] {
            guard let loss = try? Money(decimal: text), loss.rawValue >= 0 else { return nil }
            lossMax = loss
        }
        for word in (request["floor"] ?? "").split(separator: ",") {
            let parts = word.split(separator: "=", omittingEmptySubsequences: false)
            guard parts.count == 2, let venue = VenueID(name: parts[0]),
                let price = try? Price(decimal: String(parts[1])), price.isBinary
            else { return nil }
            floors[venue] = price
        }
    }
}
