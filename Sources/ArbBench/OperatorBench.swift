import Assembly
import Codec
import Glibc
import Simulators
import Store
import Threading
import Trading

/// What an operator waits for, of the real program against loopback venues in this process: how soon a halt holds, how soon
/// `arb status` answers, how soon a start with a long record trades.
struct OperatorBench {
    /// Markets that are fired on several times a second.
    private static func venues(_ path: String) throws -> LoopbackFolder {
        var settings = SimWorld.Settings()
        settings.pairs = 32
        settings.plantEvery = .milliseconds(150)
        var trading = LoopbackFolder.Trading()
        trading.kalshiCash = [0: 1_000_000_000_000]
        trading.polymarketCash = 1_000_000_000_000
        return try LoopbackFolder(path, settings, trading: trading)
    }

    private static func live(_ path: String, _ more: [String] = []) -> pid_t {
        LoadBench.spawn(
            [
                LoadBench.beside("arb"), "run", "--quiet", "--config", path + "/arb.toml", "--live",
                "--confirm-account", "loopback",
            ] + more, output: "/dev/null")
    }

    private static func arb(_ path: String, _ words: [String]) -> Int32 {
        LoadBench.wait(
            LoadBench.spawn([LoadBench.beside("arb")] + words + ["--config", path + "/arb.toml"], output: "/dev/null"))
    }

    /// Orders of ours by the instant at which a venue had read them, in order of their coming.
    private static func received(_ folder: LoopbackFolder) -> [UTCNanos] {
        folder.venues.truth.filter { $0.kind == .received && $0.account == "ours" }.map(\.at)
    }

    private static func wait(seconds: Int64, _ isThere: () -> Bool) -> Bool {
        let end = NanoClock.monotonic() + .seconds(seconds)
        while NanoClock.monotonic() < end {
            if isThere() { return true }
            usleep(200)
        }
        return false
    }

    // MARK: Halt

    /// From the signal to the last order that a venue read. Every other signal is sent when an order has just arrived, which
    /// is when a second leg, or the next fire, is on its way.
    static func halt(json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
        let folder = try venues(path)
        let child = live(path)
        var figures: [Double] = []
        var after = 0
        for round in 0..<40 {
            var count = received(folder).count
            guard wait(seconds: 20, { received(folder).count > count }) else { break }
            if round % 2 == 0 {
                usleep(UInt32(round * 7_919 % 150_000))
            } else {
                count = received(folder).count
                _ = wait(seconds: 20) { received(folder).count > count }
            }
            let asked = NanoClock.utc()
            kill(child, SIGUSR1)
            usleep(400_000)
            let late = received(folder).filter { $0 > asked }
            figures.append(late.last.map { Double(($0 - asked).rawValue) / 1e6 } ?? 0)
            after += late.isEmpty ? 0 : 1
            // The clock's thread latches what a signal raised: it has to stand before it is lifted.
            _ = arb(path, ["resume", "--accept-exposure", "--reason", "bench"])
        }
        kill(child, SIGTERM)
        _ = LoadBench.wait(child)
        _ = folder.venues.stop()
        Row(
            "operator.halt_last_send", figures, unit: "ms",
            proof:
                "\(figures.count) signals, \(after) with an order after it, \(figures.count { $0 > 10 }) later than 10 ms"
        ).show(json: json)
    }

    // MARK: Status

    /// The whole of `arb status`, from the start of the process to its end, while a daemon trades.
    static func status(json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
        let folder = try venues(path)
        let child = live(path)
        _ = wait(seconds: 20) { !received(folder).isEmpty }
        var figures: [Double] = []
        var answers: Set<Int32> = []
        for _ in 0..<100 {
            let began = NanoClock.monotonic()
            answers.insert(arb(path, ["status"]) >> 8)
            figures.append(Double((NanoClock.monotonic() - began).rawValue) / 1e6)
            usleep(20_000)
        }
        kill(child, SIGTERM)
        _ = LoadBench.wait(child)
        _ = folder.venues.stop()
        Row(
            "operator.status", figures, unit: "ms",
            proof: "exit codes \(answers.sorted().map(String.init).joined(separator: ","))"
        ).show(json: json)
    }

    // MARK: Recovery

    /// From the start of the program until it would enter: a ledger of 10,000 orders and a log of intents that was told of
    /// none of them, as a kill leaves it.
    static func recovery(json: Bool) throws {
        guard let path = LoadBench.folder() else { return }
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", path], output: nil)) }
        let folder = try venues(path)
        var figures: [Double] = []
        var entered = 0
        for round in 0..<3 {
            let root = "\(path)/state-\(round)"
            // The account is one: no run may have the number, and so the names, of another.
            try fill(root, runs: round + 1)
            let known = received(folder).count
            let began = NanoClock.monotonic()
            let child = live(path, ["--state", root])
            let isReady = wait(seconds: 60) { Self.isReady(root + "/loopback/status.json") }
            if isReady { figures.append(Double((NanoClock.monotonic() - began).rawValue) / 1e6) }
            if wait(seconds: 20, { received(folder).count > known }) { entered += 1 }
            kill(child, SIGTERM)
            _ = LoadBench.wait(child)
        }
        _ = folder.venues.stop()
        Row(
            "operator.recovery_10000", figures, unit: "ms",
            proof: "\(figures.count) of 3 starts were ready, \(entered) traded; status is written once a second"
        ).show(json: json)
    }

    private static func isReady(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &bytes, bytes.count)
        let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        return text.contains("arb.status/1") && !text.contains("not trading yet") && !text.contains("starting")
    }

    /// Writes the state folder through the writers of a run: 5,000 executions of two legs each, all over, nothing filled.
    private static func fill(_ root: String, runs: Int) throws {
        let state = try StateFolder(root: root, account: "loopback")
        let ledger = try Ledger(path: state.path + "/ledger.db")
        let now = NanoClock.utc()
        for _ in 0..<runs {
            try ledger.beginRun(
                started: now + .seconds(-86_000), mode: "live", venues: "loopback", build: BuildInfo.build,
                configurationSHA256: "")
        }
        let log = try IntentLog(path: state.path + "/intents.log", durability: .process, build: BuildInfo.build)
        let prefix = LedgerAccount.prefix(of: "loopback")
        for execution in 0..<5_000 as Range<UInt64> {
            let decided = now + .milliseconds(-80_000_000 + Int64(execution) * 10_000)
            let legs = [VenueID.kalshi, .polymarket].enumerated().map { index, venue in
                intent(execution, UInt64(index), venue, prefix, decided)
            }
            try log.append(legs[0], legs[1])
            try ledger.transaction { () throws(StoreFault) in
                for leg in legs {
                    let row = try ledger.keep(leg)
                    var order = OrderState(leg.order)
                    for event in [OrderEvent.sent, .summary(ended)] {
                        order.apply(event)
                        try ledger.append(
                            StoredOrderEvent(at: decided, transactTime: nil, source: .reply, event: event), to: row,
                            state: order, orderID: leg.orderID)
                    }
                }
            }
        }
        // As after a kill: neither closed nor told what the ledger has.
        withExtendedLifetime(log) {}
    }

    private static var ended: OrderSummary {
        OrderSummary(
            standing: .cancelled, cumQty: .zero, leavesQty: .zero, cumCash: nil, fee: nil, reason: "no match")
    }

    private static func intent(
        _ execution: UInt64, _ leg: UInt64, _ venue: VenueID, _ prefix: UInt32, _ decided: UTCNanos
    ) -> OrderIntent {
        let number = execution * 2 + leg + 1
        let name = ClOrdID(prefix: prefix, run: 1, sequence: number)
        let digits = String(number, radix: 16)
        return OrderIntent(
            execution: ExecutionID(run: 1, sequence: UInt32(execution + 1)), role: .leg,
            pair: PairID("loop-\(execution % 32)"), venue: venue, symbol: "LOOP-\(execution % 32)",
            token: venue == .kalshi ? "" : String(repeating: "9", count: 77),
            order: NewOrder(
                clOrdID: name, instrument: InstrumentID(-1), outcome: .yes, side: .buy,
                orderQty: Quantity(rawValue: 1_000_000_000), price: Price(rawValue: 44_000_000) ?? .zero,
                cashOrderQty: venue == .kalshi ? nil : Money(rawValue: 440_000_000)),
            orderID: OrderID("0x" + String(repeating: "0", count: 64 - digits.count) + digits), bodyHash: .zero,
            decided: Stamp(monotonic: MonotonicNanos(rawValue: 1), utc: decided))
    }
}
