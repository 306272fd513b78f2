import Foundation
import Store
import TestKit
import Testing
import Trading

@Suite("Ledger")
struct LedgerTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-ledger-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private var path: String { folder.appending(path: "ledger.db").path }

    static func row(_ sequence: UInt64, pair: String, edge: Int64, born: Int64) -> Ledger.OpportunityRow {
        Ledger.OpportunityRow(
            sequence: sequence, pair: pair, kind: "cross-venue", direction: "kalshi yes + polymarket no",
            disposition: "taken",
            born: UTCNanos(rawValue: born), orderQty: Quantity(rawValue: 1_000_000_000),
            locked: Money(rawValue: 960_000_000),
            edge: Money(rawValue: edge), edgeBps: 12, bestEdge: Money(rawValue: edge),
            bestQty: Quantity(rawValue: 1_000_000_000),
            json: "{\"id\":\(sequence)}")
    }

    @Test("keeps opportunities and gives back what a filter lets through, newest first")
    func filters() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        try ledger.beginRun(
            started: UTCNanos(rawValue: 1), mode: "dry-run", venues: "loopback", build: "test",
            configurationSHA256: "00")
        var judged = Self.row(1, pair: "fed'; DROP TABLE runs; --", edge: 50_000_000, born: 100)
        judged.judgedNet = Money(rawValue: -3)
        judged.judgedFilled = false
        judged.lifetime = Nanoseconds(rawValue: 40)
        try ledger.transaction { () throws(StoreFault) in
            try ledger.add(judged)
            try ledger.add(Self.row(2, pair: "nba", edge: 70_000_000, born: 200))
        }
        try ledger.endRun(ended: UTCNanos(rawValue: 300), decisions: 4, sha256: "ab")
        let reader = try Ledger.reader(path: path)
        #expect(try reader.opportunities(.init()).map(\.sequence) == [2, 1])
        var filter = Ledger.Filter()
        filter.pair = "DROP"
        let found = try reader.opportunities(filter)
        #expect(found.map(\.pair) == ["fed'; DROP TABLE runs; --"])
        #expect(found.first?.judgedNet == Money(rawValue: -3))
        #expect(found.first?.judgedFilled == false)
        #expect(found.first?.ended == UTCNanos(rawValue: 140))
        filter = Ledger.Filter()
        filter.edgeMin = Money(rawValue: 60_000_000)
        #expect(try reader.opportunities(filter).map(\.sequence) == [2])
        filter.since = UTCNanos(rawValue: 201)
        #expect(try reader.opportunities(filter).isEmpty)
    }

    @Test("a transaction that fails leaves nothing behind")
    func rollback() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let ledger = try Ledger(path: path)
        try ledger.beginRun(
            started: UTCNanos(rawValue: 1), mode: "dry-run", venues: "x", build: "b", configurationSHA256: "0")
        #expect(throws: StoreFault.self) {
            try ledger.transaction { () throws(StoreFault) in
                try ledger.add(Self.row(1, pair: "a", edge: 1, born: 1))
                throw StoreFault(.io, "on purpose")
            }
        }
        #expect(try ledger.opportunities(.init()).isEmpty)
    }

    @Test("refuses a database of another program, a damaged one, and one from the future; none is changed")
    func refusals() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        do { _ = try Ledger(path: path) }
        var bytes = try Data(contentsOf: URL(filePath: path))
        // user_version is a big-endian integer at offset 60, application_id at 68.
        bytes[63] = 99
        try bytes.write(to: URL(filePath: path))
        let future = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(future?.code == "E_STORE_FUTURE")
        bytes[63] = 1
        bytes[71] = 0x7A
        try bytes.write(to: URL(filePath: path))
        let foreign = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(foreign?.code == "E_STORE_CORRUPT")
        try Data("this is not a database at all, but some text that is long enough".utf8).write(to: URL(filePath: path))
        let text = #expect(throws: StoreFault.self) { try Ledger(path: path) }
        #expect(text?.code == "E_STORE_CORRUPT")
        #expect(try Data(contentsOf: URL(filePath: path)).starts(with: Data("this is not".utf8)))
    }

    @Test("the files of a ledger are its owner's alone")
    func mode() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        _ = try Ledger(path: path)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
    }
}

@Suite("StateFolder")
struct StateFolderTests {
    @Test("is held by one instance at a time, and says by which")
    func lock() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "arb-state-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        #expect(StateFolder.holder(root: root, account: "main") == nil)
        do {
            let held = try persist { try StateFolder(root: root, account: "main") }
            let fault = #expect(throws: StoreFault.self) { try StateFolder(root: root, account: "main") }
            #expect(fault?.code == "E_STORE_LOCKED")
            #expect(fault?.text.contains(String(ProcessInfo.processInfo.processIdentifier)) == true)
            #expect(StateFolder.holder(root: root, account: "main") == ProcessInfo.processInfo.processIdentifier)
            _ = try StateFolder(root: root, account: "other")
            #expect(held.path == root + "/main")
        }
        #expect(StateFolder.holder(root: root, account: "main") == nil)
        _ = try persist { try StateFolder(root: root, account: "main") }
    }

    @Test("a folder that others may write is refused with the command that mends it")
    func writable() throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "arb-state-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: root) }
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: root)
        let fault = #expect(throws: StoreFault.self) { try StateFolder(root: root, account: "main") }
        #expect(fault?.code == "E_STORE_MODE")
        #expect(fault?.text.contains("chmod 700") == true)
    }
}

@Suite("RestCache")
struct RestCacheTests {
    @Test("gives back what was kept for the very request, with its age, and nothing older than its limit")
    func keeps() {
        let folder = FileManager.default.temporaryDirectory.appending(path: "arb-cache-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cache = RestCache(folder: folder, ageMax: .seconds(10))
        let request = RestRequest(
            tag: 1, venue: .kalshi, service: "rest", path: "/markets?tickers=A", mayUseCache: true)
        let other = RestRequest(tag: 1, venue: .kalshi, service: "rest", path: "/markets?tickers=B", mayUseCache: true)
        let answer = RestAnswer(
            request: request, status: 200, contentType: "application/json", body: Array("{\n}".utf8),
            fetchedAt: UTCNanos(rawValue: 5_000_000_000))
        cache.keep(answer)
        #expect(cache.answer(to: request, now: UTCNanos(rawValue: 6_000_000_000)) == answer)
        #expect(cache.answer(to: other, now: UTCNanos(rawValue: 6_000_000_000)) == nil)
        #expect(cache.answer(to: request, now: UTCNanos(rawValue: 15_000_000_001)) == nil)
        #expect(cache.answer(to: request, now: UTCNanos(rawValue: 4_000_000_000)) == nil)
        let failed = RestAnswer(
            request: other, status: 500, contentType: "", body: [1], fetchedAt: UTCNanos(rawValue: 5_000_000_000))
        cache.keep(failed)
        #expect(cache.answer(to: other, now: UTCNanos(rawValue: 5_000_000_000)) == nil)
    }
}

@Suite("BackgroundFile")
struct BackgroundFileTests {
    @Test("writes blocks in order and refuses what exceeds its backlog")
    func order() throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "arb-file-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try BackgroundFile(creating: path, backlogMax: 1_000)
        #expect(!file.append([UInt8](repeating: 0, count: 1_001)))
        for index in 0..<100 { while !file.append(Array("\(index)\n".utf8)) {} }
        try file.finish()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == (0..<100).map { "\($0)\n" }.joined())
        #expect(throws: BackgroundFile.Fault.self) { try BackgroundFile(creating: path) }
    }
}
