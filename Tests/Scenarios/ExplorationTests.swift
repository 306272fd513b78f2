import Exploration
import Simulators
import Testing
import Trading

@Suite("The real core against simulated venues, in virtual time")
struct ExplorationTests {
    private func run(_ seed: UInt64, seconds: Int64, faults: Set<SimFault> = []) throws -> Exploration.Report {
        var settings = VirtualDrive.Settings()
        settings.duration = .seconds(seconds)
        settings.world.sets = 3
        settings.faults = faults
        settings.faultEvery = 500
        return try Exploration(settings).run(seed: seed)
    }

    @Test("finds every planted edge and nothing else", arguments: [1, 2, 3] as [UInt64])
    func clean(seed: UInt64) throws {
        let report = try run(seed, seconds: 60)
        #expect(report.planted > 20)
        #expect(report.missed.isEmpty, "seed \(seed): \(report.missed.prefix(3))")
        #expect(report.phantoms.isEmpty, "seed \(seed): \(report.phantoms.prefix(3))")
        #expect(report.wrongBooks.isEmpty, "seed \(seed): \(report.wrongBooks.prefix(3))")
        #expect(report.hidden * 10 < report.planted, "seed \(seed): \(report.hidden) of \(report.planted) hidden")
    }

    @Test("the same seed decides the same, byte for byte")
    func determinism() throws {
        let first = try run(7, seconds: 20, faults: [.gap, .duplicate])
        let second = try run(7, seconds: 20, faults: [.gap, .duplicate])
        #expect(first.born > 0)
        #expect(first.sha256 == second.sha256)
        #expect(try run(8, seconds: 20, faults: [.gap, .duplicate]).sha256 != first.sha256)
    }

    @Test(
        "with each fault there is still no phantom and no wrong book that claims to be live",
        arguments: [SimFault.gap, .duplicate, .disconnect, .corruptHash, .html200, .slowRest])
    func faults(fault: SimFault) throws {
        let report = try run(11, seconds: 60, faults: [fault])
        #expect(report.struck[fault, default: 0] > 0, "\(fault) never struck: the test is void")
        #expect(report.phantoms.isEmpty, "\(report.phantoms.prefix(3))")
        #expect(report.missed.isEmpty, "\(report.missed.prefix(3))")
        #expect(report.found > 0)
    }
}
