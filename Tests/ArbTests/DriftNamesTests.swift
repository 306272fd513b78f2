import Arb
import Testing
import Trading

/// Which order of ours a listed order or fill is, where only one of its two names is known.
extension DriftTests {
    private func differences(_ orders: [OurAccount.Order], _ theirs: AccountSnapshot) -> [Difference] {
        var ours = Self.ours()
        ours.orders = orders
        return Drift.differences(ours, theirs, since: Self.before(3_600))
    }

    @Test("a fill is ours also where its order's venue name is told by the list alone")
    func fillOfUnnamed() throws {
        let unknown = Self.order([.sent, .unknown(.timeout)], id: nil)
        var theirs = Self.theirs()
        theirs.doneOrders = [Self.listed("K9", .cancelled, cum: 4, ours: OrderRegistryTests.order().clOrdID)]
        theirs.fills = [Self.fill("a", 4, of: "K9")]
        theirs.positions = [Self.held(4)]
        let position = try #require(differences([unknown], theirs).first { $0.kind == .position })
        #expect(position.severity == .critical && !position.isExplained && position.explanations.isEmpty)
        // Under another's name the same fill is FOREIGN, and accounts for the position.
        theirs.doneOrders = [Self.listed("K9", .cancelled, cum: 4)]
        let foreign = try #require(differences([unknown], theirs).first { $0.kind == .position })
        #expect(foreign.isExplained && foreign.explanations == [.foreign])
    }

    @Test("a fill within the lag, whosever it is, and its market's position is not compared yet")
    func foreignFillWithinLag() {
        for (seconds, kinds) in [(2, []), (6, [.position])] as [(Int64, [Difference.Kind])] {
            var theirs = Self.theirs()
            theirs.fills = [Self.fill("f", 3, of: "F9", at: seconds)]
            theirs.positions = [Self.held(3)]
            #expect(differences([], theirs).map(\.kind) == kinds, "\(seconds) s")
        }
    }

    @Test("a fill that is listed twice is one difference")
    func listedTwice() {
        var theirs = Self.theirs()
        theirs.fills = [Self.fill("a", 4), Self.fill("b", 1), Self.fill("a", 4)]
        let found = differences([Self.order([.sent], heard: 60)], theirs).filter { $0.kind == .fillMissingHere }
        #expect(found.map(\.subject) == ["a", "b"])
    }

    @Test("under the name that a tombstone shares, what is listed is the order; the tombstone where the order is gone")
    func sharedName() {
        let original = Self.order([.sent, .unknown(.timeout)], id: nil)
        let tombstone = Self.order([.sent], id: nil, purpose: .tombstone)
        let name = OrderRegistryTests.order().clOrdID
        var theirs = Self.theirs()
        theirs.doneOrders = [Self.listed("K9", .cancelled, ours: name)]
        for orders in [[original, tombstone], [tombstone, original]] {
            let found = differences(orders, theirs)
            #expect(found.map(\.kind) == [.orderStanding] && found.map(\.ours) == ["unknown"], "\(found)")
        }
        // Alone it is what the list means; beside its order, whose venue name is another, nobody is meant.
        #expect(differences([tombstone], theirs).map(\.kind) == [.orderStanding])
        let known = Self.order([.sent, OrderRegistryTests.done(0)], id: "K1")
        let stranger = differences([known, tombstone], theirs)
        #expect(stranger.map(\.kind) == [.orderMissingHere] && stranger.map(\.severity) == [.critical])
    }
}
