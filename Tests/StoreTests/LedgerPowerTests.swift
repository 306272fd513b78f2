import Foundation
import Store
import TestKit
import Testing
import Trading

/// P09: what a power loss may leave of the ledger's two files. Whatever it is, the ledger opens, and has the first so many
/// transactions, each whole.
@Suite("P09: images of the ledger after a power loss")
struct LedgerPowerTests {
    private static let transactions: Int64 = 24

    private let place: Workplace
    init() throws { place = try Workplace() }

    /// A ledger as it stood while it was open.
    private struct Files {
        /// The database and its log, with nothing carried over yet.
        var database: [UInt8] = []
        var log: [UInt8] = []
        /// The database with all of it carried over.
        var carried: [UInt8] = []
        /// How long the log was after each transaction.
        var ends: [Int] = []

        /// Transactions that are whole where the log is good up to a place.
        func whole(upTo place: Int) -> Int { ends.count { $0 <= place } }
    }

    private func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(filePath: path))) }

    /// Each transaction writes two tables.
    private func written() throws -> Files {
        let path = place.path("written.db")
        var files = Files()
        do {
            let ledger = try Ledger(path: path)
            try ledger.beginRun(
                started: UTCNanos(rawValue: 1), mode: "live", venues: "loopback", build: "test",
                configurationSHA256: "00")
            for number in 1...Self.transactions {
                try ledger.transaction { () throws(StoreFault) in
                    try ledger.add(LedgerTests.row(UInt64(number), pair: "p", edge: 1, born: number))
                    try ledger.raiseMark("written", to: number)
                }
                files.ends.append(try bytes(path + "-wal").count)
            }
            (files.database, files.log) = (try bytes(path), try bytes(path + "-wal"))
        }
        files.carried = try bytes(path)
        #expect(files.carried.count > files.database.count && !FileManager.default.fileExists(atPath: path + "-wal"))
        return files
    }

    /// What a ledger has that is opened on an image: transactions, and their mark.
    private func found(_ database: some Sequence<UInt8>, _ log: some Sequence<UInt8>) throws -> (rows: Int, mark: Int64)
    {
        let path = place.path("image.db")
        for end in ["", "-wal", "-shm"] { unlink(path + end) }
        try Data(database).write(to: URL(filePath: path))
        try Data(log).write(to: URL(filePath: path + "-wal"))
        let ledger = try Ledger(path: path)
        return (try ledger.opportunities(.init()).count, try ledger.mark("written") ?? 0)
    }

    @Test("a log that ends anywhere: every transaction before its end, none of what came after")
    func ends() throws {
        let files = try written()
        var random = SeededGenerator(seed: 1)
        // All ends of transactions and the bytes around them, and ends anywhere.
        var cuts = files.ends.flatMap { [$0 - 1, $0, $0 + 1] }.filter { $0 <= files.log.count }
        cuts += [0, 1, 31, 32, 33] + (0..<1_930).map { _ in Int.random(in: 0...files.log.count, using: &random) }
        for cut in cuts {
            let (rows, mark) = try found(files.database, files.log.prefix(cut))
            #expect(rows == files.whole(upTo: cut) && mark == Int64(rows), "cut at \(cut): \(rows) rows, mark \(mark)")
        }
    }

    @Test("a sector of the log that never reached the disk: what stands before it")
    func lostSectors() throws {
        let files = try written()
        var random = SeededGenerator(seed: 2)
        for _ in 0..<1_500 {
            let sector = Int.random(in: 0..<files.log.count / 512, using: &random) * 512
            guard let first = files.log[sector..<sector + 512].firstIndex(where: { $0 != 0 }) else { continue }
            var log = files.log
            for place in sector..<sector + 512 { log[place] = 0 }
            let (rows, mark) = try found(files.database, log)
            #expect(rows == files.whole(upTo: first) && mark == Int64(rows), "sector at \(sector): \(rows) rows")
        }
    }

    @Test("pages half carried over from the log: all of it, for the log is on the disk before")
    func tornPages() throws {
        let files = try written()
        var random = SeededGenerator(seed: 3)
        for _ in 0..<1_500 {
            // A file that has grown or not yet, whose sectors are each old or new.
            let isGrown = Bool.random(using: &random)
            var image = isGrown ? files.carried : files.database
            for sector in stride(from: 0, to: image.count, by: 512) where Bool.random(using: &random) {
                for place in sector..<sector + 512 {
                    let old = place < files.database.count ? files.database[place] : 0
                    image[place] = isGrown ? old : files.carried[place]
                }
            }
            let (rows, mark) = try found(image, files.log)
            #expect(rows == Int(Self.transactions) && mark == Self.transactions, "\(rows) rows, mark \(mark)")
        }
    }

    @Test("a log that is gone where the database lacks what it held: refused or older, never half")
    func lostLog() throws {
        let files = try written()
        let (rows, mark) = try found(files.database, [])
        #expect(rows == 0 && mark == 0)
        let whole = try found(files.carried, [])
        #expect(whole.rows == Int(Self.transactions) && whole.mark == Self.transactions)
    }
}
