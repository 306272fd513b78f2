import Foundation
import Simulators
import Testing
import Threading
import Trading
import Transport

@testable import Assembly

/// The live driver against venues that break every rule: it tries again, ever more rarely, and never shows a book.
@Suite("Hostile venues, live", .serialized)
struct HostileVenueTests {
    private let folder: String
    private let authority: ThrowawayCA

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "arb-venues-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        authority = try ThrowawayCA(folder: folder)
    }

    private static let pair = """
        [[pair]]
        id = "a-b"
        title = "t"
        status = "proposed"
        polarity = "same"
          [pair.kalshi]
          ticker = "KXA-1"
          [pair.polymarket]
          condition_id = "0x\(String(repeating: "b", count: 64))"
          yes_token = "123"
          no_token = "456"
        """

    /// Runs the core against these peers and returns the last status.
    private func run(_ peers: [VenueID: HostilePeer], for duration: Nanoseconds) throws -> LiveStatus {
        let core = try Core(
            configuration: try ConfigurationReader.read(nil, file: nil, folder: "/"),
            pairs: try PairFiles([CaptureHeader.PairText(path: "m.toml", text: Self.pair)]), seed: 7
        ) { _ in }
        let context = try TLSContext(loopbackAuthority: authority.authority)
        let client = HTTPClient(userAgent: "arb/test")
        defer { client.close() }
        let edges = peers.map { venue, peer in
            let url = "wss://localhost:\(peer.port)/ws"
            // No service is configured: every REST read fails at once, as it does when a venue is down.
            return VenueEdge(venue: venue, services: [:], context: context, client: client) { _, _ in
                LinkTarget(url: url)
            }
        }
        let cell = StatusCell()
        let clock = NanoClock()
        let driver = LiveDriver(
            engine: core.engine, edges: edges, clock: clock, lane: try Lane(name: "hot", wait: .park), seed: 3,
            published: cell)
        let start = clock.now()
        driver.run(startedAt: start, until: start.monotonic + duration)
        #expect(NanoClock.monotonic() < start.monotonic + duration + .seconds(2), "it ends when it is told to")
        return try #require(cell.status)
    }

    @Test("a link that fails is tried again after pauses that double, whatever ends it")
    func backoff() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let behaviours: [VenueID: [HostileBehaviour]] = [
            .kalshi: [.resetAfterTLS, .maskedFrame, .wrongAccept, .endInFrame, .page],
            .polymarket: [.refusal, .hugeLength, .resetAfterAccept, .textNotUTF8, .noTLS],
        ]
        var peers: [VenueID: HostilePeer] = [:]
        for (venue, list) in behaviours {
            peers[venue] = try HostilePeer(authority) { list[$0 % list.count].steps }
        }
        defer { for peer in peers.values { peer.stop() } }
        let status = try run(peers, for: .milliseconds(4_500))
        for (venue, peer) in peers {
            let tries = peer.accepted
            #expect((3...7).contains(tries.count), "\(venue): \(tries.count) tries")
            for index in 1..<max(1, tries.count) {
                let pause = (tries[index] - tries[index - 1]).rawValue / 1_000_000
                let step = Int64(250) << Int64(index - 1)
                #expect(pause >= step / 2 && pause < step + 2_500, "\(venue): pause \(index) of \(pause) ms")
            }
            let link = try #require(status.links.first { $0.link.venue == venue })
            #expect(!link.isUp && link.reason.hasPrefix("E_"), "\(link.reason)")
        }
    }

    @Test("a venue that answers pings and nothing else is found out and left")
    func pongsOnly() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let peer = try HostilePeer(authority) { _ in HostileBehaviour.pongsOnly.steps }
        defer { peer.stop() }
        let status = try run([.kalshi: peer], for: .seconds(9))
        #expect(peer.accepted.count >= 2, "no book for 6 seconds")
        #expect(status.links.first?.frames == 0)
    }

    @Test("a venue that never answers keeps neither the other venue nor the end of the run waiting")
    func silence() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let silent = try HostilePeer(authority) { _ in HostileBehaviour.silenceAfterAccept.steps }
        let other = try HostilePeer(authority) { _ in HostileBehaviour.resetAfterTLS.steps }
        defer {
            silent.stop()
            other.stop()
        }
        _ = try run([.kalshi: silent, .polymarket: other], for: .milliseconds(1_200))
        #expect(silent.accepted.count == 1 && other.accepted.count >= 2)
    }

    @Test("opening ends at its deadline, each time with the reason")
    func deadline() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let peer = try HostilePeer(authority) { index in
            (index == 0 ? HostileBehaviour.silenceAfterTLS : .trickledHead).steps
        }
        defer { peer.stop() }
        let outcomes = Mailbox<Connector.Attempt>(capacity: 8)
        let done = Semaphore()
        let connector = Connector(timeout: .milliseconds(400)) { outcome in
            _ = outcomes.post(outcome)
            done.signal()
        }
        let client = HTTPClient(userAgent: "arb/test")
        defer { client.close() }
        let url = "wss://localhost:\(peer.port)/ws"
        let edge = VenueEdge(
            venue: .kalshi, services: [:], context: try TLSContext(loopbackAuthority: authority.authority),
            client: client
        ) { _, _ in LinkTarget(url: url) }
        let start = NanoClock.monotonic()
        for index in 0..<2 {
            connector.open(LinkID(venue: .kalshi, index: UInt16(index)), generation: 1, edge: edge, seed: 1)
        }
        for _ in 0..<2 { done.wait() }
        #expect(NanoClock.monotonic() - start < .seconds(2))
        for outcome in outcomes.takeAll() {
            guard case .failure(let fault) = outcome.result else {
                Issue.record("a link came up")
                continue
            }
            #expect(fault.code == "E_NET_TIMEOUT")
        }
        connector.close()
    }
}
