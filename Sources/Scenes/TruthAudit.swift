public import Simulators
public import Store
internal import Trading

/// What the venues know of our orders beside what our ledger has of them, to the last unit.
///
/// Pure: the same truth and the same ledger give the same findings.
public struct TruthAudit: Sendable {
    /// What differs, one line each; empty: ledger = truth.
    public private(set) var differences: [String] = []
    /// What must never happen, whoever says so: sent twice, sold without being held.
    public private(set) var breaches: [String] = []
    /// Orders in our ledger.
    public private(set) var orders = 0
    /// Orders that filled at a venue.
    public private(set) var filled = 0
    /// Names of ours that came more than once as a request; tombstones are none.
    public private(set) var duplicates = 0
    /// Orders of which nobody knows, by our ledger.
    public private(set) var unknown = 0
    /// Orders that have not ended, by our ledger.
    public private(set) var open: [String] = []
    /// Faults that struck.
    public private(set) var faults = 0
    /// What our own fills leave without a partner, by pair, from the truth alone. Unit: 1e-6 contracts.
    public private(set) var alone: [String: Int] = [:]

    private var byHand: Set<String> = []

    /// One order, as one side sums it up. Unit: 1e-6.
    private struct Sums: CustomStringConvertible {
        var quantity = 0
        var cash: Int128 = 0
        var fee = 0

        var description: String { "\(quantity)e-6 for \(cash / 1_000_000)e-6, fee \(fee)e-6" }
    }

    /// Looks.
    ///
    /// - Parameters:
    ///   - truth: everything that the venues wrote down.
    ///   - ours: every order of our ledger.
    ///   - pairs: the markets, to say what stands alone.
    public init(truth: [TruthEvent], ours: [StoredOrder], pairs: [SimPair]) {
        orders = ours.count
        unknown = ours.count { $0.state.isUnknown }
        open = ours.filter { !$0.state.isDone }.map { order in
            let role = order.role?.rawValue ?? "order"
            return "\(order.state.order.clOrdID) \(role) at \(order.venue.name) is \(order.state.ordStatus.rawValue)"
                + (order.state.isUnknown ? ", unknown" : "")
        }
        faults = truth.count { $0.kind == .fault }
        byHand = Set(truth.filter { $0.kind == .accepted && $0.reason == "by hand" }.map(\.orderID))
        compare(truth, ours)
        findDuplicates(truth)
        walk(truth, ours, pairs)
    }

    /// Reads the ledger of a state folder and looks.
    ///
    /// - Throws: `StoreFault`.
    public init(truth: [TruthEvent], ledger path: String, pairs: [SimPair]) throws(StoreFault) {
        let ledger = try Ledger.reader(path: path)
        self.init(truth: truth, ours: try ledger.orders(.init(limit: 1_000_000)), pairs: pairs)
    }

    /// True when nothing differs and nothing was broken.
    public var isGood: Bool { differences.isEmpty && breaches.isEmpty && duplicates == 0 }

    // MARK: Ledger = truth

    private mutating func compare(_ truth: [TruthEvent], _ ours: [StoredOrder]) {
        let theirs = Self.sums(truth, byHand)
        filled = theirs.values.count { $0.quantity != 0 }
        for order in ours {
            guard let id = order.orderID?.text else {
                if order.state.cumQty.rawValue != 0 {
                    differences.append("\(order.state.order.clOrdID) has fills and no name")
                }
                continue
            }
            let mine = Sums(
                quantity: Int(order.state.cumQty.rawValue / 100), cash: Int128(order.state.cumCash.rawValue) * 10_000,
                fee: Int(order.state.fees.rawValue / 100))
            var truth = theirs[id] ?? Sums()
            // Kalshi's own word is always the price of YES.
            if order.venue == .kalshi, order.state.order.outcome == .no {
                truth.cash = Int128(truth.quantity) * 1_000_000 - truth.cash
            }
            // The truth is exact; a venue's own sums end at its unit, a millionth, once a fill.
            let unit = Int128(1_000_000 * max(1, order.state.fills.count))
            let isSame =
                mine.quantity == truth.quantity && mine.fee == truth.fee && (mine.cash - truth.cash).magnitude < unit
            guard !isSame else { continue }
            let what =
                "\(order.role?.rawValue ?? "order") \(order.state.order.side.rawValue) \(order.state.order.outcome.rawValue)"
            let fills = order.state.fills.map { "\($0.lastQty)@\($0.lastPx)" }.joined(separator: " ")
            differences.append(
                "\(order.venue.name) \(id) \(what): we have \(mine), the venue \(truth); fills told: \(fills)")
        }
        let known = Set(ours.compactMap { $0.orderID?.text })
        for id in theirs.keys.sorted() where !known.contains(id) && theirs[id]?.quantity != 0 {
            differences.append("\(id): filled at the venue, and our ledger has no such order")
        }
    }

    /// Fills of our account by the venue's name of the order; those that failed are taken off.
    private static func sums(_ truth: [TruthEvent], _ byHand: Set<String>) -> [String: Sums] {
        var sums: [String: Sums] = [:]
        for event in truth where isOurFill(event, byHand) {
            let sign = event.kind == .filled ? 1 : -1
            sums[event.orderID, default: Sums()].quantity += sign * event.quantity
            sums[event.orderID, default: Sums()].cash += Int128(sign) * Int128(event.price) * Int128(event.quantity)
            sums[event.orderID, default: Sums()].fee += sign * event.fee
        }
        return sums
    }

    /// Trades by hand have orders too, which no request of ours made: they are others' here.
    private static func isOurFill(_ event: TruthEvent, _ byHand: Set<String>) -> Bool {
        event.account == "ours" && (event.kind == .filled || event.kind == .failed)
            && !byHand.contains(event.orderID)
    }

    // MARK: What must never happen

    /// A name of ours that came twice. A tombstone has the name of the order that it is for, by design: a hundredth of a
    /// contract.
    private mutating func findDuplicates(_ truth: [TruthEvent]) {
        var counts: [String: Int] = [:]
        for event in truth where event.account == "ours" && event.kind == .received && !event.clientID.isEmpty {
            guard event.venue != .kalshi || event.quantity > 10_000 else { continue }
            counts["\(event.venue.name) \(event.clientID)", default: 0] += 1
        }
        duplicates = counts.values.count { $0 > 1 }
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) where count > 1 {
            breaches.append("\(name) was sent \(count) times")
        }
    }

    /// Walks our own fills in the venue's order: nothing is sold that was not bought before, and what is left over at the
    /// end has a partner or is named.
    private mutating func walk(_ truth: [TruthEvent], _ ours: [StoredOrder], _ pairs: [SimPair]) {
        let orders = Dictionary(
            ours.compactMap { order in order.orderID.map { ($0.text, order) } }, uniquingKeysWith: { first, _ in first }
        )
        var places: [String: (pair: SimPair, venue: VenueID, isYes: Bool)] = [:]
        for pair in pairs {
            places[pair.ticker] = (pair, .kalshi, true)
            places[pair.yesToken] = (pair, .polymarket, true)
            places[pair.noToken] = (pair, .polymarket, false)
        }
        var held: [String: Int] = [:]
        var yes: [Int: Int] = [:]
        for event in truth where Self.isOurFill(event, byHand) {
            guard let place = places[event.instrument], let order = orders[event.orderID] else { continue }
            let sign = event.kind == .filled ? 1 : -1
            let isSale = order.state.order.side == .sell
            let key = "\(event.venue.name) \(event.instrument) \(order.state.order.outcome.rawValue)"
            let change = sign * (isSale ? -event.quantity : event.quantity)
            held[key, default: 0] += change
            if isSale, event.kind == .filled, held[key, default: 0] < 0 {
                breaches.append(
                    "\(order.state.order.clOrdID) sold \(-held[key, default: 0])e-6 of \(key) that was not held")
            }
            // In Kalshi's words of YES: a NO is one less of it.
            let isYes = order.state.order.outcome == .yes
            let isSame = event.venue == .kalshi || !place.pair.isInverted
            yes[place.pair.index, default: 0] += isYes == isSame ? change : -change
        }
        for (index, net) in yes where net != 0 {
            if let pair = pairs.first(where: { $0.index == index }) {
                alone[PlantedEdge.Basket.pair(pair.index, direction: 0).name] = net
            }
        }
    }
}
