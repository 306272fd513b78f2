import Scenes
import Testing
import Threading

/// Every scene of the table, with two seeds; `arb-sim scenes --seeds 20` plays the same ones.
@Suite("Scenes: faults over real sockets against a live run")
struct SceneTests {
    /// Lets so many in at once: each has a dozen threads.
    private actor Gate {
        private var free = SceneRunner.width
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func enter() async {
            guard free == 0 else { return free -= 1 }
            await withCheckedContinuation { waiting.append($0) }
        }

        func leave() {
            if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
        }
    }

    private static let gate = Gate()

    @Test(
        "ends flat or hedged, or halted and told; nothing twice, nothing lost; ledger = truth",
        arguments: Scene.all.map(\.name), [UInt64(1), 2])
    func scene(name: String, seed: UInt64) async throws {
        let scene = try #require(Scene.all.first { $0.name == name })
        await Self.gate.enter()
        let report = await withCheckedContinuation { continuation in
            // A thread of its own: it waits, and the pool's threads may not.
            _ = Worker(name: "scene") { continuation.resume(returning: scene.play(seed: seed)) }
        }
        await Self.gate.leave()
        #expect(report.problems.isEmpty, "\(scene.title): \(report)")
        #expect(report.orders > 0, "nothing happened")
    }
}
