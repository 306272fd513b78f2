import Codec
import Testing
import Trading

@testable import Arb
@testable import Scenes

/// Scenes judge by what was told: this is whether they could see a breach at all.
@Suite("SceneTold")
struct SceneToldTests {
    private static let execution = ExecutionID(run: 1, sequence: 1)
    private static let stamp = Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 1))

    private static func id(_ sequence: UInt64) -> ClOrdID { ClOrdID(prefix: 7, run: 1, sequence: sequence) }

    private static func intent(
        _ sequence: UInt64, _ role: OrderRole, of execution: ExecutionID = execution
    ) -> OrderIntent {
        let order = NewOrder(
            clOrdID: id(sequence), instrument: InstrumentID(0), outcome: .yes, side: .buy,
            orderQty: Quantity(rawValue: 1_000_000_000), price: Price(rawValue: 44_000_000) ?? .zero,
            cashOrderQty: nil, timeInForce: .ioc, isPostOnly: false, isReduceOnly: false, purpose: .entry)
        return OrderIntent(
            execution: execution, role: role, pair: PairID("fed:1"), venue: .kalshi, symbol: "T", token: "",
            order: order, orderID: nil, bodyHash: Digest256 { _ in }, decided: stamp)
    }

    /// A story: legs 1 and 2 leave, or the first alone, and nobody knows what became of the first.
    private struct Story {
        var told = SceneTold()
        private var first = OrderState(SceneToldTests.intent(1, .leg).order)

        init(isAlone: Bool = false) {
            told.note(.intended(SceneToldTests.intent(1, .leg)))
            if !isAlone { told.note(.intended(SceneToldTests.intent(2, .leg))) }
            hear(.sent)
            hear(.unknown(.timeout))
        }

        mutating func hear(_ event: OrderEvent, isTombstone: Bool = false) {
            first.apply(event)
            told.note(
                .heard(
                    HeardOrder(
                        clOrdID: first.order.clOrdID, isTombstone: isTombstone, orderID: nil, event: event,
                        source: .local, transactTime: nil, at: SceneToldTests.stamp, state: first)))
        }
    }

    @Test(
        "an order that leaves beside an unknown one of its execution is a breach, whatever it is for",
        arguments: [
            OrderRole.leg, .complete, .sell, .opposite,
        ])
    func breach(role: OrderRole) {
        var story = Story()
        #expect(story.told.besideOpen.isEmpty, "both legs left before anyone could doubt")
        let intent = Self.intent(3, role)
        story.told.note(.intended(intent))
        #expect(story.told.besideOpen == [intent])
    }

    @Test("a tombstone may leave then, and so may an order of another execution")
    func allowed() {
        var story = Story()
        story.told.note(.intended(Self.intent(1, .tombstone)))
        story.told.note(.intended(Self.intent(3, .complete, of: ExecutionID(run: 1, sequence: 2))))
        #expect(story.told.besideOpen.isEmpty)
    }

    @Test("what closes waits for every answer; legs leave together, before any")
    func unanswered() {
        var told = SceneTold()
        told.note(.intended(Self.intent(1, .leg)))
        told.note(.intended(Self.intent(2, .leg)))
        #expect(told.besideOpen.isEmpty)
        told.note(.intended(Self.intent(3, .complete)))
        #expect(told.besideOpen.map(\.order.clOrdID) == [Self.id(3)])
    }

    @Test("what is known again hinders nothing, and stays told as one that was unknown")
    func known() {
        var story = Story(isAlone: true)
        story.hear(
            .summary(OrderSummary(standing: .filled, cumQty: Quantity(rawValue: 1_000_000_000), leavesQty: .zero)))
        story.told.note(.intended(Self.intent(3, .complete)))
        #expect(story.told.besideOpen.isEmpty)
        #expect(story.told.everUnknown == [Self.id(1)])
    }

    @Test("news of a tombstone says nothing of the order whose name it carries")
    func tombstone() {
        var story = Story(isAlone: true)
        story.hear(
            .summary(OrderSummary(standing: .cancelled, cumQty: .zero, leavesQty: .zero)), isTombstone: true)
        story.told.note(.intended(Self.intent(3, .complete)))
        #expect(story.told.besideOpen.count == 1)
    }
}
