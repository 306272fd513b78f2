public import Arb
internal import Paper
internal import Store
internal import Threading
public import Trading

/// The venues of a paper run: both gateways fill from the live books, and the accounts are what they filled.
///
/// A model, and told as one everywhere. Nothing of it can be unknown: an order of which an earlier run did not hear the end
/// never met a book.
/// - Lane: the hot lane, all of it.
public final class PaperDesk: AccountDesk {
    let gateways: [Paper.Gateway]
    private var reads: [VenueID] = []
    private var inquiries: [OrderInquiry] = []
    private let floor: Floor
    /// Who trades outcome sets; nil until there is a trader before whom it stands.
    private(set) var sets: PaperSets?
    /// Orders of sets that earlier runs of this account sent, oldest first.
    private(set) var setOrders: [StoredOrder] = []

    /// Two paper accounts with so much cash each.
    ///
    /// - Parameters:
    ///   - cash: in the venue's own currency.
    ///   - latency: from an order to the books that it meets.
    init(_ engine: Engine, _ contracts: [Contract], cash: Money, latency: Nanoseconds, clock: any Timekeeper) {
        let depth = Depth()
        let market: (InstrumentID) -> PaperMarket? = { [unowned engine] in Self.market($0, engine) }
        floor = Floor(depth: depth, market: market)
        gateways = VenueID.allCases.map { venue in
            let shards = Set(contracts.filter { $0.venue == venue }.map { $0.exchangeIndex ?? 0 }).sorted()
            return Paper.Gateway(
                venue, cash: cash, currency: venue == .kalshi ? .usd : .pusd,
                shards: venue == .kalshi && !shards.isEmpty ? shards.map { $0 } : [nil], latency: latency,
                depth: depth, clock: clock, market: market,
                symbol: { contracts[Int($0.index)].symbol })
        }
    }

    /// A book without a gap, whatever its age: what is silent at us goes on at the venue.
    private static func market(_ instrument: InstrumentID, _ engine: Engine) -> PaperMarket? {
        let book = engine.book(instrument)
        guard book.status == .live, let terms = engine.terms(of: instrument), terms.status == .active,
            let fees = engine.fees(of: instrument)
        else { return nil }
        return PaperMarket(book: book, terms: terms, fees: fees)
    }

    /// What earlier runs of this account bought and sold, oldest first. Sets have a record of their own: the purses of these
    /// accounts are those of pairs.
    func restore(_ orders: [StoredOrder], _ catalog: Catalog) {
        let contracts = catalog.contracts
        let sets = Set(catalog.baskets.filter { $0.kind != .crossVenue }.map(\.pair.name))
        var legs: [ExecutionID: Int] = [:]
        for order in orders where order.role == .leg { if let id = order.execution { legs[id, default: 0] += 1 } }
        // A set that is gone from the pair files is told from a pair by its legs.
        let isOfSet = { (order: StoredOrder) in
            sets.contains(order.pair) || (order.execution.flatMap { legs[$0] } ?? 0) > 2
        }
        setOrders = orders.filter(isOfSet)
        for order in orders where order.state.cumQty.rawValue > 0 && !isOfSet(order) {
            guard
                let index = contracts.firstIndex(where: { $0.venue == order.venue && $0.symbol == order.symbol }),
                let gateway = gateways.first(where: { $0.venue == order.venue })
            else { continue }
            let state = order.state
            let isSale = state.order.side == .sell
            let money =
                isSale ? state.cumCash.rawValue - state.fees.rawValue : -state.cumCash.rawValue - state.fees.rawValue
            gateway.restore(
                InstrumentID(Int32(index)), state.order.outcome,
                held: Quantity(rawValue: isSale ? -state.cumQty.rawValue : state.cumQty.rawValue),
                cash: Money(rawValue: money))
        }
    }

    /// Sets are traded too, from the same books: what pairs took of them is not there for sets.
    func trade(setsBefore trader: Trader, latency: Nanoseconds) -> PaperSets {
        let sets = PaperSets(before: trader, floor, latency: latency)
        self.sets = sets
        return sets
    }

    /// Hands sets of earlier runs to who trades them.
    ///
    /// - Parameter finished: executions that came to an end.
    func adopt(finished: Set<ExecutionID>, at now: Stamp) {
        let orders = setOrders.compactMap { order in
            order.execution.map {
                AdoptedOrder(
                    execution: $0, role: order.role ?? .leg, pair: PairID(order.pair), venue: order.venue,
                    symbol: order.symbol, orderID: order.orderID, state: order.state, booked: .zero,
                    intended: order.intended)
            }
        }
        setOrders = []
        sets?.adopt(orders, finished: finished, at: now)
    }

    // MARK: AccountDesk

    /// Answered in the next turn: there was no such order, or its end is known already.
    public func ask(_ inquiry: OrderInquiry) { inquiries.append(inquiry) }

    /// Answered in the next turn.
    public func read(_ venue: VenueID, since: UTCNanos) { if !reads.contains(venue) { reads.append(venue) } }

    // MARK: Turns

    /// When `turn` has something to do.
    var nextDeadline: MonotonicNanos? {
        guard reads.isEmpty, inquiries.isEmpty else { return MonotonicNanos(rawValue: 0) }
        return (gateways.map(\.nextDeadline) + [sets?.nextDeadline]).compactMap { $0 }.min()
    }

    /// Fills what is due and answers what was asked.
    func turn(into trader: any LiveTrader, at now: Stamp) {
        for gateway in gateways {
            gateway.sink = trader
            gateway.turn(at: now)
        }
        sets?.turn(at: now)
        let (asked, read) = (inquiries, reads)
        (inquiries, reads) = ([], [])
        for inquiry in asked {
            guard let gateway = gateways.first(where: { $0.venue == inquiry.venue }),
                !gateway.isUnderWay(inquiry.order.clOrdID)
            else { continue }
            trader.apply(
                ExecutionReport(
                    venue: inquiry.venue, orderID: inquiry.orderID, clOrdID: inquiry.order.clOrdID,
                    symbol: inquiry.symbol, event: .cannotEnter("paper: it never met a book"), source: .query,
                    transactTime: now.utc))
        }
        for gateway in gateways where read.contains(gateway.venue) {
            trader.answered(.snapshot(gateway.snapshot(at: now.utc)), at: now)
        }
    }
}
