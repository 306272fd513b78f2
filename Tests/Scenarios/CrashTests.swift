import Scenes
import Testing
import Threading

/// `kill -9` of a real run at every named point; `arb-sim crash --seeds 20` plays the same stories.
@Suite("Crashes: kill -9 at every point of an order's way, restart, audit", .serialized)
struct CrashTests {
    @Test("each point: nothing twice, nothing lost, everything known or halted; ledger = truth")
    func points() {
        let bad = SceneRunner.run(CrashStory.all, randomKills: 3, seeds: 1..<2, width: SceneRunner.width) { report in
            #expect(report.problems.isEmpty, "\(report)")
        }
        #expect(bad == 0)
    }
}
