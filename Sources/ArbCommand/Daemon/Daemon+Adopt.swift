import Arb
import Assembly
import Control
import Store
import Threading
import Trading

// `reconcile --adopt` inside a run: both accounts are read to the last page off the lanes, the orders' markets are claimed on
// the hot lane, the ledger is written, and then they are followed. In that order: whatever fails, nobody follows an order
// that no record has.
extension Daemon {
    /// `adopt` at the socket.
    func adopt(_ request: ControlRequest, _ responder: ControlServer.Responder) {
        guard let desk, identity.mode == TradingMode.live.rawValue else {
            return responder.send(.refused("E_CTL_REFUSED", "\(identity.mode): no order is at a venue", exitCode: 1))
        }
        let span = Int64(request["since_s"] ?? "").map { max(60, min($0, 30 * 86_400)) } ?? 86_400
        let since = NanoClock.utc() + .seconds(-span)
        let list = request["orders"] ?? "", account = identity.account
        Task { [self] in
            do {
                let ids = try AdoptOrders.ids(list)
                var snapshots: [AccountSnapshot] = []
                for venue in desk.venues.all {
                    snapshots.append(try await venue.reader.snapshot(since: since, now: NanoClock.utc()))
                }
                let orders = try AdoptOrders.chosen(ids, snapshots, LedgerAccount.prefix(of: account)) {
                    desk.trader.pair(of: $0, $1)
                }
                take(orders, desk, responder)
            } catch let failure as CommandFailure {
                responder.send(.refused(failure.error, failure.text, exitCode: failure.code.rawValue))
            } catch let fault as AccountFault {
                responder.send(.refused(fault.code, "\(fault.text); nothing is concluded", exitCode: 69))
            } catch let fault as UsageFault {
                responder.send(.refused("E_CTL_REFUSED", fault.text, exitCode: 64))
            } catch {
                responder.send(.refused("E_CLI_INTERNAL", "\(error)", exitCode: 70))
            }
        }
    }

    private func take(_ orders: [AdoptOrders.Found], _ desk: TradingDesk, _ responder: ControlServer.Responder) {
        let isTaken = desk.work.post { [self] now in
            do throws(Trader.AdoptionRefusal) {
                let adoption = try desk.trader.claimAdoption { id in orders.map { Self.adopted($0, id) } }
                keep(orders, adoption, desk, responder)
            } catch {
                responder.send(.refused("E_EXEC_NOT_ADOPTED", error.text, exitCode: 1))
            }
        }
        if !isTaken { responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69)) }
    }

    private static func adopted(_ found: AdoptOrders.Found, _ execution: ExecutionID) -> AdoptedOrder {
        AdoptedOrder(
            execution: execution, role: .leg, pair: found.pair, venue: found.venue, symbol: found.order.symbol,
            orderID: found.order.orderID, state: found.state, booked: .zero, intended: found.order.createdAt)
    }

    private func keep(
        _ orders: [AdoptOrders.Found], _ adoption: Trader.Adoption, _ desk: TradingDesk,
        _ responder: ControlServer.Responder
    ) {
        let isTaken = office.perform { [self] ledger in
            do throws(StoreFault) {
                guard let ledger else { throw StoreFault(.io, "the ledger cannot be written; nothing was changed") }
                try AdoptOrders.keep(orders, as: adoption.execution, in: ledger)
            } catch {
                _ = desk.work.post { _ in desk.trader.giveUp(adoption) }
                return responder.send(.refused(error.code, error.text, exitCode: error.exitCode.rawValue))
            }
            follow(adoption, desk, responder)
        }
        guard !isTaken else { return }
        desk.trader.giveUp(adoption)
        responder.send(.refused("E_CTL_UNAVAILABLE", "too much waits; try again", exitCode: 69))
    }

    private func follow(_ adoption: Trader.Adoption, _ desk: TradingDesk, _ responder: ControlServer.Responder) {
        let pair = adoption.orders[0].pair
        let isTaken = desk.work.post { [self] now in
            desk.trader.take(adoption, at: now)
            reportSoon()
            let causes = desk.trader.stops(of: pair)
            let words =
                "adopted \(adoption.orders.count) of \(pair.name) as \(adoption.execution), followed from now on"
            responder.send(
                .done(causes.isEmpty ? words : "\(words); \(pair.name) stays stopped: arb resume --pair \(pair.name)"))
        }
        // The ledger has them: the next start takes them up.
        if !isTaken {
            responder.send(.done("adopted \(adoption.orders.count) of \(pair.name): taken up at the next start"))
        }
    }
}
