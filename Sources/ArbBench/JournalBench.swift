import CAllocations
import Glibc
import Signing
import Store
import Threading
import Trading

/// What it costs to record two intents before they are sent: `journal.process` and `journal.power`.
struct JournalBench {
    private let folder: String
    private let clock = NanoClock()

    init() {
        let root = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        folder = "\(root)/arb-bench-journal-\(getpid())"
        mkdir(folder, 0o700)
    }

    func run(json: Bool) throws {
        defer {
            for name in ["a", "a.bak", "a.new", "b", "b.bak", "b.new"] { unlink(folder + "/" + name) }
            rmdir(folder)
        }
        try measure("journal.process", .process, rounds: 10_000, in: folder + "/a").show(json: json)
        try measure("journal.power", .power, rounds: 400, in: folder + "/b").show(json: json)
    }

    /// Both legs of one execution, as a live run writes them.
    static func legs(_ sequence: UInt64) -> (OrderIntent, OrderIntent) {
        func intent(_ venue: VenueID, _ number: UInt64, _ symbol: String, _ token: String, _ orderID: OrderID?)
            -> OrderIntent
        {
            OrderIntent(
                execution: ExecutionID(run: 7, sequence: UInt32(truncatingIfNeeded: sequence)), role: .leg,
                pair: PairID("fed-dec-cut"), venue: venue, symbol: symbol, token: token,
                order: NewOrder(
                    clOrdID: ClOrdID(prefix: 0xA1B2_C3D4, run: 7, sequence: number), instrument: InstrumentID(1),
                    outcome: .yes, side: .buy, orderQty: Quantity(rawValue: 10_000_000_000),
                    price: Price(rawValue: 44_000_000) ?? .zero), orderID: orderID,
                bodyHash: Digest256 { $0.initializeMemory(as: UInt8.self, repeating: 7) },
                decided: Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: UTCNanos(rawValue: 2)))
        }
        let kalshi = intent(.kalshi, sequence * 2, "KXFEDDECISION-26DEC-C25", "", nil)
        let polymarket = intent(
            .polymarket, sequence * 2 + 1, "0x" + String(repeating: "a", count: 64), String(repeating: "7", count: 77),
            OrderID("0x" + String(repeating: "b", count: 64)))
        return (kalshi, polymarket)
    }

    private func measure(_ name: String, _ durability: JournalDurability, rounds: Int, in path: String) throws -> Row {
        let log = try IntentLog(path: path, durability: durability, build: "bench")
        var samples: [Double] = []
        samples.reserveCapacity(rounds)
        let overhead = (0..<1_000).map { _ in
            let start = NanoClock.monotonic()
            return (NanoClock.monotonic() - start).rawValue
        }.sorted()[500]
        var allocations: UInt64 = 0
        for round in 0..<rounds / 50 {
            // Bursts of fifty fires; between them the ledger and the keeper catch up, which is not part of the figure.
            let burst = (0..<50).map { Self.legs(UInt64(round * 50 + $0)) }
            log.checkpoint(through: log.lastSequence)
            let pause = Semaphore()
            _ = pause.wait(timeout: .milliseconds(25))
            for pair in burst {
                let before = CAllocations_count()
                let start = NanoClock.monotonic()
                try log.append(pair.0, pair.1)
                let taken = NanoClock.monotonic() - start
                allocations += CAllocations_count() - before
                samples.append(Double(max(0, taken.rawValue - overhead)))
            }
        }
        let expected = log.lastSequence
        log.close()
        guard let content = try IntentLog.read(path: path), content.damage.isEmpty, content.head == expected else {
            throw StoreFault(.journalCorrupt, "what was written is not what is read")
        }
        return Row(
            name, samples,
            proof: "two intents a unit; \(expected)/\(content.head) records read back; \(allocations) allocations")
    }

    /// Appends units until it is killed, and says the last record of each on standard output once `append` has returned:
    /// for the test that kills it.
    static func untilKilled(_ path: String) throws {
        let log = try IntentLog(path: path, durability: .process, build: "killed", capacity: 1 << 16)
        var sequence: UInt64 = UInt64(log.found.intents.count) + 1
        while true {
            let pair = legs(sequence)
            try log.append(pair.0, pair.1)
            emit("\(log.lastSequence)\n", STDOUT_FILENO)
            sequence += 1
        }
    }
}
