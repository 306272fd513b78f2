import Glibc
import Simulators

/// One order's request and its answer over loopback TLS: the whole way of a gateway (reserve, write, poll, parse, resume
/// on its lane), beside the bare round trip of the C program, in turns.
struct NetBench {
    /// Bytes of a request and of its answer, as the C program sends them.
    private static let sizes = (request: 600, answer: 200)
    private static let rounds = 5
    private static let exchanges = 20_000

    /// The C program; nil: rows without ratios.
    let floor: String?

    /// Runs both in turns and shows the rows.
    func run(json: Bool) throws {
        var template = Array(("/tmp/arb-net-" + String(repeating: "X", count: 6)).utf8CString)
        guard mkdtemp(&template) != nil else { return }
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer { _ = LoadBench.wait(LoadBench.spawn(["/bin/rm", "-rf", folder], output: nil)) }
        let authority = try ThrowawayCA(folder: folder)
        var all: [Double] = []
        var medians: [Double] = []
        var tails: [Double] = []
        var floorMedians: [Double] = []
        var floorTails: [Double] = []
        var reserves: [Double] = []
        var allocations = (exchange: 0, reserve: 0, library: 0)
        for round in 0..<Self.rounds {
            if let floor {
                let output = folder + "/floor"
                _ = LoadBench.wait(LoadBench.spawn([floor], output: output))
                if let figures = Floors(output).percentiles("tls13_rtt_busypoll") {
                    floorMedians.append(figures.p50)
                    floorTails.append(figures.p99)
                }
            }
            let desk = try NetDesk(authority, sizes: Self.sizes)
            let result = desk.measure(Self.exchanges)
            desk.stop()
            let sorted = result.samples.sorted()
            medians.append(Row.percentile(sorted, 0.5))
            tails.append(Row.percentile(sorted, 0.99))
            all += sorted
            reserves += result.reserves
            if round == Self.rounds - 1 {
                allocations = (result.allocations, result.reserveAllocations, desk.libraryAllocations)
            }
        }
        var row = Row(
            "net.order_round_trip", all,
            proof: "\(all.count) answers checked; \(Self.sizes.request) B out, \(Self.sizes.answer) B back; "
                + "allocations each: \(allocations.exchange / Self.exchanges), of them "
                + "\(allocations.library / (Self.exchanges / 10 * 11)) in OpenSSL's own read and write")
        // Each round has its own floor; the row states the middle of the rounds.
        row.p50 = Row.percentile(medians.sorted(), 0.5)
        row.p99 = Row.percentile(tails.sorted(), 0.5)
        row.compare(medians, floorMedians)
        if !floorTails.isEmpty { row.floor99 = Row.percentile(floorTails.sorted(), 0.5) }
        row.show(json: json)
        Row(
            "net.reserve", reserves,
            proof: "a connection proved open and idle, and given back; \(allocations.reserve) allocations"
        ).show(json: json)
    }
}
