import Foundation
import TestKit
import Testing
import Trading

@testable import Store

@Suite("Migrations")
struct MigrationTests {
    private let place: Workplace

    init() throws { place = try Workplace() }

    private var path: String { place.path("ledger.db") }

    private func fixture(_ version: Int) throws {
        let file = try #require(
            Bundle.module.url(forResource: "schema-\(version)", withExtension: "sql", subdirectory: "Vectors"))
        let database = try Database(path: path)
        try database.execute(try String(contentsOf: file, encoding: .utf8))
    }

    @Test("every older ledger is brought up with all its rows, and takes new ones", arguments: [1, 2, 3])
    func up(version: Int) throws {
        try fixture(version)
        // A reader does not migrate: it answers with what an older ledger has.
        let before = try Ledger.reader(path: path)
        #expect(try before.opportunities(.init()).map(\.sequence) == [7])
        #expect(try before.orders(.init()).count == (version >= 2 ? 2 : 0))
        let traded = version >= 3 ? 1 : 0
        #expect(try before.executions().count == traded && before.boxes().count == traded)
        #expect(try before.openBreakers().count == traded && before.refusals(since: nil, until: nil).isEmpty)
        #expect(try before.profit(ofDayAt: UTCNanos(rawValue: 0)) == .zero)
        let ledger = try Ledger(path: path)
        #expect(try ledger.version() == Int64(Schema.steps.count))
        #expect(try ledger.opportunities(.init()).map(\.sequence) == [7])
        let orders = try ledger.orders(.init())
        #expect(orders.count == (version >= 2 ? 2 : 0))
        if let filled = orders.first(where: { $0.orderID == OrderID("K1") }) {
            #expect(filled.state.cumQty == Quantity(rawValue: 1_000_000_000) && filled.execution == nil)
        }
        try ledger.keep(SomeIntents.one(1))
        #expect(try ledger.orders(.init()).last?.execution == ExecutionID(run: 3, sequence: 1))
        #expect(try ledger.executions().count == traded && ledger.executions().allSatisfy { $0.opportunity == nil })
        try ledger.add(
            Ledger.RefusalRow(
                opportunity: 7, pair: "fed", at: UTCNanos(rawValue: 1), code: "E_EXEC_RISK_REFUSED", reason: "cash",
                text: "cash: 2.00 wanted, 1.00 admitted", edge: .cent))
        #expect(try ledger.refusals(since: nil, until: nil).map(\.reason) == ["cash"])
        // A second time changes nothing.
        #expect(try Ledger(path: path).orders(.init()).count == orders.count + 1)
    }

    @Test("P26: a newer schema is refused with exit 78's code, and nothing is changed")
    func down() throws {
        do { _ = try Ledger(path: path) }
        try Database(path: path).execute("PRAGMA user_version = \(Schema.steps.count + 1)")
        let bytes = try Data(contentsOf: URL(filePath: path))
        let fault = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(fault?.code == "E_STORE_FUTURE" && fault?.text.contains("newer build") == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
    }

    @Test("P18: a damaged ledger is refused at the start, with what to do and where the copy is")
    func damaged() throws {
        do {
            let ledger = try Ledger(path: path)
            for number in 1...300 as ClosedRange<UInt64> { try ledger.keep(SomeIntents.one(number)) }
            try ledger.keepCopy()
        }
        try Database(path: path).execute("PRAGMA journal_mode = DELETE")
        var bytes = try Data(contentsOf: URL(filePath: path))
        for page in stride(from: 8 * 4_096, to: bytes.count, by: 4_096) {
            for at in page..<page + 64 { bytes[at] = 0xFF }
        }
        try bytes.write(to: URL(filePath: path))
        let fault = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(fault?.code == "E_STORE_CORRUPT")
        #expect(fault?.text.contains("ledger.db.bak") == true && fault?.text.contains("arb reconcile") == true)
        #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        // The copy is whole.
        try FileManager.default.removeItem(atPath: path)
        try FileManager.default.moveItem(atPath: path + ".bak", toPath: path)
        #expect(try Ledger(path: path).orders(.init(limit: 1_000)).count == 300)
    }
}
