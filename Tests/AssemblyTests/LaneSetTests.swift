import Synchronization
import Testing
import Threading
import Trading

@testable import Assembly

@Suite("Lanes of a run")
struct LaneSetTests {
    @Test(
        "never more spinning lanes than cores less one, less two beside the venues; three from six cores on",
        arguments: [
            (1, false, 1), (2, false, 1), (2, true, 1), (3, false, 2), (3, true, 1), (4, true, 2), (5, false, 2),
            (6, false, 3), (6, true, 3), (64, false, 3),
        ])
    func count(processors: Int, isBesideVenues: Bool, lanes: Int) throws {
        #expect(LaneSet.count(processors: processors, isBesideVenues: isBesideVenues) == lanes)
        let hot = try Lane(name: "hot", wait: .park)
        let set = try LaneSet(
            hot: hot, wait: .park, venues: VenueID.allCases, processors: processors, isBesideVenues: isBesideVenues)
        #expect(set.count == lanes)
        let kalshi = set.gateway(of: .kalshi)
        let polymarket = set.gateway(of: .polymarket)
        #expect((kalshi === hot) == (lanes == 1) && (polymarket === hot) == (lanes == 1))
        #expect((kalshi === polymarket) == (lanes < 3))
    }

    @Test("a gateway's lane takes turns until it is stopped, and its thread is gone then")
    func life() throws {
        let set = try LaneSet(
            hot: try Lane(name: "hot", wait: .park), wait: .park, venues: VenueID.allCases, processors: 6,
            isBesideVenues: false)
        let turns = Mutex<Set<ObjectIdentifier>>([])
        let semaphore = Semaphore()
        set.start { lane, _ in
            turns.withLock { if $0.insert(ObjectIdentifier(lane)).inserted { semaphore.signal() } }
            return .idle(until: nil)
        }
        for _ in 0..<2 { #expect(semaphore.wait(timeout: .seconds(5))) }
        set.stop()
        #expect(turns.withLock { $0.count } == 2)
        set.stop()
    }
}
