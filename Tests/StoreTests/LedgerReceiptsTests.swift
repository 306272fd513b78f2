import TestKit
import Testing
import Trading

@testable import Store

@Suite("Receipts")
struct LedgerReceiptsTests {
    private let place: Workplace
    private let ledger: Ledger
    private let now = UTCNanos(rawValue: 1_800_000_000_000_000_000)

    init() throws {
        place = try Workplace()
        ledger = try Ledger(path: place.path("ledger.db"))
    }

    private func mark(
        _ kind: ReceiptMark.Kind, _ clOrdID: ClOrdID?, _ orderID: String? = nil, status: Int? = 200,
        after seconds: Int64 = 0
    ) -> ReceiptMark {
        ReceiptMark(
            venue: .kalshi, kind: kind, clOrdID: clOrdID, orderID: orderID.map { OrderID($0) }, status: status,
            at: now + .seconds(seconds))
    }

    @Test("they are found by either name of their order, oldest first, without secrets, and go after their time")
    func found() throws {
        let intent = SomeIntents.one(1)
        let name = intent.order.clOrdID
        let row = try ledger.keep(intent)
        try ledger.addReceipt(
            mark(.create, name, "K1"), Array("{\"order_id\":\"K1\",\"signature\":\"hunter2\"}".utf8))
        try ledger.append(
            StoredOrderEvent(at: now, transactTime: nil, source: .stream, event: .sent), to: row,
            state: OrderState(intent.order), orderID: OrderID("K1"))
        // The venue's name alone: ours is added where it is known.
        try ledger.addReceipt(mark(.cancel, nil, "K1", status: 404, after: 2), Array("not_found".utf8))
        try ledger.addReceipt(mark(.stream, nil, "K1", status: nil, after: 1), Array(repeating: 0x78, count: 9_000))
        try ledger.addReceipt(mark(.stream, nil, "K9", status: nil, after: 1), Array("{}".utf8))
        try ledger.addReceipt(mark(.cancel, nil, nil, after: 3), Array("{\"canceled\":[]}".utf8))

        let kept = try ledger.receipts(of: name, OrderID("K1"), at: .kalshi)
        #expect(kept.map(\.kind) == ["create", "stream", "cancel"] && kept.map(\.status) == [200, nil, 404])
        #expect(kept[0].body == "{\"order_id\":\"K1\",\"signature\":\"[redacted]\"}")
        #expect(kept[1].body.utf8.count <= 4_096 && kept[1].body.hasSuffix("…[cut: 9000 bytes]"))
        #expect(kept.allSatisfy { $0.orderID == "K1" && $0.clOrdID == name.description })
        #expect(try ledger.receipts(of: name, at: .kalshi).count == 3)
        #expect(try ledger.receipts(of: name, at: .polymarket).isEmpty)

        var all: [Ledger.ReceiptRow] = []
        try ledger.receipts(since: now + .seconds(1), until: now + .seconds(3)) { all.append($0) }
        #expect(all.map(\.orderID) == ["K1", "K9", "K1"])
        try ledger.pruneReceipts(before: now + .seconds(3))
        #expect(try ledger.receipts(of: name, OrderID("K1"), at: .kalshi).isEmpty)
        all = []
        try ledger.receipts(since: nil, until: nil) { all.append($0) }
        #expect(all.map(\.body) == ["{\"canceled\":[]}"])
    }
}
